"""In chats, names from code before a colon are no accounts; accounts are."""

import pytest

from affectflow_transforms.text.segments.addresses import is_account

CODE = """
TreeMap ArrayList StringBuilder HttpClient FormControl DatePicker ViewModel ngModel
FileReader useState navController eventListener MainPage1 fileURL
Word2Vec node16 es2015 junit5 react16 gpt4 rtx3090 usb3 cve-2021 md5sum utf8mb4 ddr4
tensorflow2 background-color flex-direction font-size HashSets apiKey linux5 x11
TextView docID
"""
ACCOUNTS = """
mike42 Nemo_bis MatmaRex gerrit-wm |QuaD HrdwrBob jussi01 dr_willis woood1 aniket-21
huangyanxiong01 ChaoyingWu MegaUkrainian ovidiub13 SamiAl90 Lakshman-LD aka_druid
trans_err TheDankinShip[m] MarkusK JaneDoe x_anna bob2000 kim_k
"""


@pytest.mark.parametrize("name", CODE.split())
def test_names_from_code_are_no_accounts(name):
    assert not is_account(name)


@pytest.mark.parametrize("name", ACCOUNTS.split())
def test_accounts_still_are(name):
    assert is_account(name)
