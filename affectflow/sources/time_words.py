"""Words in times: names of months and days, and abbreviations of zones."""

_MONTHS = {
    # Names as CLDR has them, full and as calendars shorten them: English, German,
    # French, Spanish, Italian, Portuguese, Dutch, Danish, Norwegian, Swedish, Finnish,
    # Polish, Czech, Romanian, Russian, Ukrainian, Turkish, Indonesian. `listopada` and
    # `lip` are left out: Polish and Croatian mean different months by them.
    1: "january jan januar jänner jän janvier janv enero ene gennaio gen janeiro "
    "januari января янв січня січ stycznia sty ocak oca ledna tammikuuta ianuarie",
    2: "february feb februar feber février févr fév febrero febbraio fevereiro fev "
    "februari fevr февраля фев февр лютого лют lutego lut şubat şub února "
    "helmikuuta februarie",
    3: "march mar märz mär mrz mars marzo março maart mrt marts maret марта мар "
    "березня бер marca marzec mart března maaliskuuta martie",
    4: "april apr avril avr abril abr aprile апреля апр квітня квіт kwietnia kwi "
    "nisan nis dubna huhtikuuta aprilie",
    5: "may mai mayo maggio mag maio mei maj мая май травня трав maja mayıs května "
    "toukokuuta",
    6: "june jun juni juin junio giugno giu junho июня июн червня черв czerwca cze "
    "haziran haz června kesäkuuta iunie",
    7: "july jul juli juillet juil julio luglio lug julho июля июл липня лип lipca "
    "temmuz tem července heinäkuuta iulie",
    8: "august aug août aoû agosto ago augustus agustus августа авг серпня серп "
    "sierpnia sie ağustos ağu srpna elokuuta",
    9: "september sept sep septembre septiembre settembre set setembro сентября сен "
    "сент вересня вер września wrz eylül eyl září syyskuuta septembrie",
    10: "october oct oktober okt octobre octubre ottobre ott outubro out октября окт "
    "жовтня жовт października paź ekim eki října lokakuuta octombrie",
    11: "november nov novembre noviembre novembro ноября ноя нояб листопада лист "
    "kasım kas marraskuuta noiembrie",
    12: "december dec dezember dez décembre déc diciembre dic dicembre dezembro "
    "desember декабря дек грудня груд grudnia gru aralık ara prosince joulukuuta "
    "decembrie",
}
MONTHS = {word: number for number, words in _MONTHS.items() for word in words.split()}
"""Month by its name in small letters, without a point."""

_DAYS = (
    "monday mon montag mo lundi lun lunes lunedì segunda maandag ma",
    "tuesday tue tues dienstag di mardi mar martes martedì terça dinsdag",
    "wednesday wed mittwoch mi mercredi mer miércoles mié mercoledì quarta woensdag wo",
    "thursday thu thur thurs donnerstag do jeudi jeu jueves jue giovedì gio quinta",
    "friday fri freitag fr vendredi ven viernes vie venerdì sexta vrijdag vr",
    "saturday sat samstag sa sonnabend samedi sam sábado sáb sabato sab zaterdag za",
    "sunday sun sonntag so dimanche dim domingo dom domenica zondag zo donderdag",
    "понедельник пн вторник вт среда ср четверг чт пятница пт суббота сб "
    "воскресенье вс",
    "понеділок вівторок середа четвер п'ятниця субота неділя нд",
    "poniedziałek pon wtorek wt środa śr czwartek czw piątek pt sobota sob "
    "niedziela niedz",
    "måndag mån tisdag tis onsdag ons torsdag tors fredag fre lördag lör söndag sön",
    "mandag man tirsdag tir lørdag lør søndag søn",
    "pazartesi pzt salı sal çarşamba çar perşembe per cuma cum cumartesi cmt pazar paz",
    "terça-feira segunda-feira quarta-feira quinta-feira sexta-feira",
)
DAYS = frozenset(word for words in _DAYS for word in words.split())
"""Names of days of the week in small letters, in most languages of `MONTHS`."""

# RFC 5322 (4.3) says what its own eight mean. Of the rest, the time zone database gave
# each one offset only since 1990; those that other lists give another (AST, GST, IST,
# MSK, SST) are left out, and so are times with them.
ZONES = {
    **dict.fromkeys(("z", "utc", "ut", "gmt", "wet"), 0),
    **{"est": -300, "edt": -240, "cst": -360, "cdt": -300},
    **{"mst": -420, "mdt": -360, "pst": -480, "pdt": -420},
    **{"akst": -540, "akdt": -480, "hst": -600},
    **dict.fromkeys(("bst", "west", "cet", "met", "mez", "wat"), 60),
    **dict.fromkeys(("cest", "mest", "mesz", "eet", "cat", "sast"), 120),
    **{"eest": 180, "eat": 180, "pkt": 300, "wib": 420, "hkt": 480, "awst": 480},
    **{"jst": 540, "kst": 540, "acst": 570, "acdt": 630, "aest": 600, "aedt": 660},
    **{"nzst": 720, "nzdt": 780},
}
"""Minutes east of Greenwich by the abbreviation of a zone, in small letters."""

IS_UTC = frozenset(("z", "utc", "ut", "gmt"))
