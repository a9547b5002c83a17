"""Public facts that texts need: American leagues, states with their districts, countries, banks.

Teams and their codes: the leagues' own sites, read 2026-11. Seats by state: the apportionment of
2020. Kalshi names teams by their city (one letter tells two of one city apart).
"""

from typing import Final, NamedTuple

from twoleg.sim.catalogue.names import Name


class League(NamedTuple):
    """A league: its part of Kalshi's series and of Polymarket's slugs, and words of its titles."""

    k: str
    p: str
    sport: str
    unit: str
    # What a contest is called, and how Kalshi puts the two sides.
    contest: str
    sep: str = "vs"
    # Halves of a point, so that no game ends on the line.
    lines: tuple[str, str] = ("2.5", "3.5")
    margins: tuple[str, str] = ("1.5", "2.5")


MLB: Final = League(
    "MLB", "mlb", "baseball", "runs", "professional baseball game", lines=("8.5", "9.5")
)
NBA: Final = League(
    "NBA", "nba", "basketball", "points", "professional basketball game", "at",
    ("221.5", "226.5"), ("4.5", "7.5"),
)  # fmt: skip
NHL: Final = League(
    "NHL", "nhl", "hockey", "goals", "professional hockey game", "at", ("5.5", "6.5")
)
SOCCER: Final = tuple(
    League(k, p, "soccer", "goals", "professional soccer match")
    for k, p in (
        ("EPL", "epl"), ("LALIGA", "lal"), ("SERIEA", "sea"), ("BUNDESLIGA", "bun"),
        ("LIGUE1", "fl1"), ("EREDIVISIE", "ere"), ("LIGAPORTUGAL", "por"),
    )
)  # fmt: skip
TENNIS: Final = (
    League("ATP", "atp", "tennis", "games", "tennis match", lines=("21.5", "22.5")),
    League("WTA", "wta", "tennis", "games", "tennis match", lines=("20.5", "21.5")),
)


class Title(NamedTuple):
    """An esports title: Kalshi's series, Polymarket's slug, its two names, "Game" or "Map"."""

    k: str
    p: str
    label: str
    short: str
    part: str


ESPORTS: Final = (
    Title("CS2", "cs2", "Counter-Strike", "CS2", "Map"),
    Title("LOL", "lol", "LoL", "League of Legends", "Game"),
    Title("VALORANT", "val", "Valorant", "Valorant", "Map"),
)


def _rows(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _teams(text: str) -> tuple[Name, ...]:
    rows = (row.split("|") for row in text.split(","))
    return tuple(Name(city, full, nick, code) for code, city, full, nick in rows)


MLB_TEAMS: Final = _teams(
    "AZ|Arizona|Arizona Diamondbacks|Diamondbacks,ATL|Atlanta|Atlanta Braves|Braves,"
    "BAL|Baltimore|Baltimore Orioles|Orioles,BOS|Boston|Boston Red Sox|Red Sox,"
    "CHC|Chicago C|Chicago Cubs|Cubs,CWS|Chicago WS|Chicago White Sox|White Sox,"
    "CIN|Cincinnati|Cincinnati Reds|Reds,CLE|Cleveland|Cleveland Guardians|Guardians,"
    "COL|Colorado|Colorado Rockies|Rockies,DET|Detroit|Detroit Tigers|Tigers,"
    "HOU|Houston|Houston Astros|Astros,KC|Kansas City|Kansas City Royals|Royals,"
    "LAA|Los Angeles A|Los Angeles Angels|Angels,LAD|Los Angeles D|Los Angeles Dodgers|Dodgers,"
    "MIA|Miami|Miami Marlins|Marlins,MIL|Milwaukee|Milwaukee Brewers|Brewers,"
    "MIN|Minnesota|Minnesota Twins|Twins,NYM|New York M|New York Mets|Mets,"
    "NYY|New York Y|New York Yankees|Yankees,PHI|Philadelphia|Philadelphia Phillies|Phillies,"
    "PIT|Pittsburgh|Pittsburgh Pirates|Pirates,SD|San Diego|San Diego Padres|Padres,"
    "SEA|Seattle|Seattle Mariners|Mariners,SF|San Francisco|San Francisco Giants|Giants,"
    "STL|St. Louis|St. Louis Cardinals|Cardinals,TB|Tampa Bay|Tampa Bay Rays|Rays,"
    "TEX|Texas|Texas Rangers|Rangers,TOR|Toronto|Toronto Blue Jays|Blue Jays"
)
NBA_TEAMS: Final = _teams(
    "ATL|Atlanta|Hawks|Hawks,BKN|Brooklyn|Nets|Nets,BOS|Boston|Celtics|Celtics,"
    "CHA|Charlotte|Hornets|Hornets,CHI|Chicago|Bulls|Bulls,CLE|Cleveland|Cavaliers|Cavaliers,"
    "DAL|Dallas|Mavericks|Mavericks,DEN|Denver|Nuggets|Nuggets,DET|Detroit|Pistons|Pistons,"
    "GSW|Golden State|Warriors|Warriors,HOU|Houston|Rockets|Rockets,IND|Indiana|Pacers|Pacers,"
    "LAC|Los Angeles C|Clippers|Clippers,LAL|Los Angeles L|Lakers|Lakers,"
    "MEM|Memphis|Grizzlies|Grizzlies,MIA|Miami|Heat|Heat,MIL|Milwaukee|Bucks|Bucks,"
    "MIN|Minnesota|Timberwolves|Timberwolves,NOP|New Orleans|Pelicans|Pelicans,"
    "NYK|New York|Knicks|Knicks,OKC|Oklahoma City|Thunder|Thunder,ORL|Orlando|Magic|Magic,"
    "PHI|Philadelphia|76ers|76ers,PHX|Phoenix|Suns|Suns,SAC|Sacramento|Kings|Kings,"
    "SAS|San Antonio|Spurs|Spurs,TOR|Toronto|Raptors|Raptors,UTA|Utah|Jazz|Jazz"
)
NHL_TEAMS: Final = _teams(
    "ANA|Anaheim|Ducks|Ducks,BOS|Boston|Bruins|Bruins,BUF|Buffalo|Sabres|Sabres,"
    "CGY|Calgary|Flames|Flames,CAR|Carolina|Hurricanes|Hurricanes,CHI|Chicago|Blackhawks|Blackhawks,"
    "COL|Colorado|Avalanche|Avalanche,CBJ|Columbus|Blue Jackets|Blue Jackets,"
    "DAL|Dallas|Stars|Stars,DET|Detroit|Red Wings|Red Wings,EDM|Edmonton|Oilers|Oilers,"
    "FLA|Florida|Panthers|Panthers,MIN|Minnesota|Wild|Wild,MTL|Montreal|Canadiens|Canadiens,"
    "NSH|Nashville|Predators|Predators,NJ|New Jersey|Devils|Devils,OTT|Ottawa|Senators|Senators,"
    "PHI|Philadelphia|Flyers|Flyers,PIT|Pittsburgh|Penguins|Penguins,SJ|San Jose|Sharks|Sharks,"
    "SEA|Seattle|Kraken|Kraken,STL|St. Louis|Blues|Blues,TB|Tampa Bay|Lightning|Lightning,"
    "TOR|Toronto|Maple Leafs|Maple Leafs,UTA|Utah|Mammoth|Mammoth,VAN|Vancouver|Canucks|Canucks,"
    "VGK|Vegas|Golden Knights|Golden Knights,WPG|Winnipeg|Jets|Jets"
)
# Cities that play in both winter leagues: the same title in two sports.
SHARED_CITIES: Final = (
    "Boston", "Chicago", "Dallas", "Detroit", "Minnesota", "Philadelphia", "Toronto", "Utah",
)  # fmt: skip

STATES: Final = tuple(
    (row.split(":")[0], row.split(":")[1], int(row.split(":")[2]))
    for row in _rows(
        "AL:Alabama:7,AZ:Arizona:9,AR:Arkansas:4,CA:California:52,CO:Colorado:8,CT:Connecticut:5,"
        "FL:Florida:28,GA:Georgia:14,HI:Hawaii:2,ID:Idaho:2,IL:Illinois:17,IN:Indiana:9,IA:Iowa:4,"
        "KS:Kansas:4,KY:Kentucky:6,LA:Louisiana:6,ME:Maine:2,MD:Maryland:8,MA:Massachusetts:9,"
        "MI:Michigan:13,MN:Minnesota:8,MS:Mississippi:4,MO:Missouri:8,MT:Montana:2,NE:Nebraska:3,"
        "NV:Nevada:4,NH:New Hampshire:2,NJ:New Jersey:12,NM:New Mexico:3,NY:New York:26,"
        "NC:North Carolina:14,OH:Ohio:15,OK:Oklahoma:5,OR:Oregon:6,PA:Pennsylvania:17,"
        "RI:Rhode Island:2,SC:South Carolina:7,TN:Tennessee:9,TX:Texas:38,UT:Utah:4,VA:Virginia:11,"
        "WA:Washington:10,WV:West Virginia:2,WI:Wisconsin:8"
    )
)
DISTRICTS: Final = tuple(
    (f"{code}-{number:02}", code) for code, _, seats in STATES for number in range(1, seats + 1)
)
COUNTRIES: Final = tuple(
    _rows(
        "Albania,Armenia,Austria,Belgium,Bulgaria,Chile,Colombia,Croatia,Denmark,Ecuador,Estonia,"
        "Finland,Ghana,Greece,Hungary,Iceland,India,Indonesia,Ireland,Italy,Jamaica,Japan,Kenya,"
        "Latvia,Lithuania,Malaysia,Malta,Moldova,Mongolia,Nepal,Norway,Pakistan,Peru,Poland,"
        "Portugal,Romania,Senegal,Serbia,Slovakia,Slovenia,Spain,Sweden,Thailand,Tunisia,Uruguay,"
        "Vietnam,Zambia"
    )
)
CITIES: Final = tuple(
    tuple(row.split("|"))
    for row in _rows(
        "NY|New York City|Central Park|LaGuardia Airport,CHI|Chicago|Midway|O'Hare Airport,"
        "MIA|Miami|Miami International Airport|Opa-locka Airport,AUS|Austin|Camp Mabry|"
        "Austin-Bergstrom Airport,DEN|Denver|Denver International Airport|Buckley Base,"
        "HOU|Houston|Hobby Airport|Bush Airport,SEA|Seattle|Sea-Tac Airport|Boeing Field"
    )
)
COINS: Final = (
    ("BTC", "Bitcoin", 80_000, 200),
    ("ETH", "Ethereum", 2_400, 20),
    ("SOL", "Solana", 140, 2),
)
# Code, name on Kalshi, name on Polymarket, the body that decides.
BANKS: Final = (
    ("FED", "Federal Reserve", "Fed", "Federal Open Market Committee"),
    ("ECB", "European Central Bank", "ECB", "Governing Council"),
    ("BOE", "Bank of England", "Bank of England", "Monetary Policy Committee"),
    ("BOC", "Bank of Canada", "Bank of Canada", "Governing Council"),
    ("RBA", "Reserve Bank of Australia", "RBA", "Monetary Policy Board"),
    ("RIKS", "Riksbank", "Riksbank", "Executive Board"),
)
