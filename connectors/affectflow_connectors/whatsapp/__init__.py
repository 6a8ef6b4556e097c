"""WhatsApp: the chats that its applications export as text."""
