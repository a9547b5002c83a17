"""Public, small tables: states, parties, nicknames, club words, leagues and the American teams.

General knowledge of language and sports, none of it taken from the venues' rows. American team and
league names: the leagues' own sites, read 2026-11.
"""

STATES = {
    "al": "alabama", "ak": "alaska", "az": "arizona", "ar": "arkansas", "ca": "california",
    "co": "colorado", "ct": "connecticut", "de": "delaware", "fl": "florida", "ga": "georgia",
    "hi": "hawaii", "id": "idaho", "il": "illinois", "in": "indiana", "ia": "iowa", "ks": "kansas",
    "ky": "kentucky", "la": "louisiana", "me": "maine", "md": "maryland", "ma": "massachusetts",
    "mi": "michigan", "mn": "minnesota", "ms": "mississippi", "mo": "missouri", "mt": "montana",
    "ne": "nebraska", "nv": "nevada", "nh": "new hampshire", "nj": "new jersey",
    "nm": "new mexico", "ny": "new york", "nc": "north carolina", "nd": "north dakota",
    "oh": "ohio", "ok": "oklahoma", "or": "oregon", "pa": "pennsylvania", "ri": "rhode island",
    "sc": "south carolina", "sd": "south dakota", "tn": "tennessee", "tx": "texas", "ut": "utah",
    "vt": "vermont", "va": "virginia", "wa": "washington", "wv": "west virginia",
    "wi": "wisconsin", "wy": "wyoming", "dc": "district of columbia", "pr": "puerto rico",
}  # fmt: skip

PARTIES = {
    "democratic": "democratic", "democrat": "democratic", "democrats": "democratic",
    "democratics": "democratic", "dem": "democratic", "dems": "democratic",
    "republican": "republican", "republicans": "republican", "gop": "republican",
    "libertarian": "libertarian", "independent": "independent", "green": "green",
}  # fmt: skip

NICKNAMES = (
    ("alexander", "alex", "sasha"), ("alexandra", "alex", "sasha"), ("andrew", "andy", "drew"),
    ("anthony", "tony"), ("benjamin", "ben"), ("bernard", "bernie"), ("cameron", "cam"),
    ("catherine", "kate", "cathy"), ("charles", "charlie", "chuck"),
    ("christopher", "chris"), ("christina", "chris", "tina"), ("daniel", "dan", "danny"),
    ("david", "dave"), ("deborah", "debbie"), ("donald", "don"), ("douglas", "doug"),
    ("edward", "ed", "eddie", "ted"), ("elizabeth", "liz", "beth", "betsy"),
    ("frederick", "fred"), ("gregory", "greg"), ("henry", "hank", "harry"),
    ("jacob", "jake"), ("james", "jim", "jimmy", "jamie"), ("jeffrey", "jeff"),
    ("jennifer", "jen", "jenny"), ("john", "johnny", "jon"), ("jonathan", "jon"),
    ("joseph", "joe", "joey"), ("joshua", "josh"), ("katherine", "kate", "katie", "kathy"),
    ("kenneth", "ken", "kenny"), ("lawrence", "larry"), ("leonard", "len", "leo"),
    ("margaret", "maggie", "meg"), ("matthew", "matt"), ("maxwell", "max"),
    ("michael", "mike", "mick"), ("nicholas", "nick", "nico"), ("nicolas", "nick", "nico"),
    ("nathaniel", "nate", "nathan"), ("patrick", "pat"), ("patricia", "pat"), ("peter", "pete"),
    ("philip", "phil"), ("phillip", "phil"), ("raymond", "ray"), ("richard", "rick", "dick"),
    ("robert", "rob", "bob", "bobby"), ("ronald", "ron"), ("samuel", "sam"), ("stephen", "steve"),
    ("steven", "steve"), ("susan", "sue"), ("theodore", "ted", "teddy"), ("thomas", "tom", "tommy"),
    ("timothy", "tim"), ("victor", "vic"), ("victoria", "vicky"), ("vincent", "vince"),
    ("walter", "walt"), ("william", "will", "bill", "billy"), ("zachary", "zach", "zack"),
)  # fmt: skip

CLUB_WORDS = frozenset({
    "fc", "cf", "sc", "ac", "as", "afc", "cfc", "ssc", "us", "ud", "cd", "sd", "rc", "rcd", "sv",
    "tsv", "fsv", "vfl", "vfb", "tsg", "bv", "sco", "osc", "ogc", "aj", "se", "ec", "ca", "cr",
    "cs", "sk", "fk", "nk", "hnk", "gnk", "bk", "if", "ff", "il", "kv", "krc", "rsc", "ks", "mks",
    "pfc", "cfr", "acf", "bc", "cb", "kk", "hc", "bvb", "club", "clube", "calcio", "futbol",
    "football", "fotball", "fussball", "basket", "basquet", "basketball", "baloncesto", "esports",
    "esport", "gaming", "team", "deportivo", "sporting", "the", "de", "la", "le", "el", "do", "da",
    "dos", "of", "and", "e", "y", "pallacanestro",
})  # fmt: skip
"""Legal forms and generic words of club names: they tell no club from another by themselves."""

SQUAD_WORDS = frozenset({
    "junior", "jr", "academy", "women", "womens", "ladies", "femenino", "feminine", "youth",
    "reserves", "ii", "iii", "b", "u17", "u18", "u19", "u20", "u21", "u23", "next", "challengers",
    "sr", "senior", "seniors", "wfc", "w", "female", "girls", "gc", "nxt", "rising", "u15", "u16",
    "u22", "reserve", "castilla", "jong", "primavera", "frauen", "femminile", "feminino",
    "feminina", "femenil", "vrouwen",
})  # fmt: skip
"""Words that make another squad or another person of the same name."""

PLACES_BEFORE = frozenset({
    "north", "south", "east", "west", "northern", "southern", "eastern", "western", "central",
    "new", "dr", "equatorial", "american", "mount",
})  # fmt: skip
PLACES_AFTER = frozenset({"state", "tech", "southern", "bissau", "dr", "oh", "fl", "monroe"})
"""Words before or after the name of a place that make another country, state or college of it."""

CLUB_ALIASES = (
    ("athletic club", "athletic bilbao", "bilbao"),
    ("wolverhampton wanderers", "wolves"),
    ("tottenham hotspur", "spurs"),
    ("paris saint germain", "psg"),
    ("borussia monchengladbach", "m gladbach", "mgladbach", "gladbach"),
    ("bayern munich", "bayern munchen"),
    ("koln", "cologne"),
    ("manchester united", "man united", "man utd"),
    ("manchester city", "man city"),
    ("internazionale milano", "inter milan", "inter"),
    ("atletico madrid", "atletico de madrid", "club atletico de madrid"),
    ("sport lisboa e benfica", "sl benfica", "benfica"),
    ("sporting cp", "sporting clube de portugal", "sporting lisbon"),
    ("psv", "psv eindhoven"),
    ("stade rennais", "rennes", "stade rennes"),
    ("stade brestois", "brest", "stade brest"),
    ("olympique lyonnais", "lyon", "lyonnais"),
    ("los angeles", "los angeles fc", "lafc", "los angeles f"),
    ("los angeles galaxy", "la galaxy", "los angeles g"),
    ("new york city", "new york city fc", "nycfc"),
    ("new york red bulls", "new york rb", "ny red bulls"),
    ("saint louis city", "saint louis"),
    ("kobenhavn", "copenhagen"),
    ("olympiacos", "olympiakos", "olympiakos piraeus", "olympiacos piraeus"),
    ("crvena zvezda", "red star", "red star belgrade", "crvena zvezda beograd"),
    ("sparta praha", "sparta prague"),
    ("slavia praha", "slavia prague"),
    ("dukla praha", "dukla prague"),
    ("cd guadalajara", "guadalajara", "chivas", "chivas guadalajara"),
    ("west bromwich albion", "west brom"),
    ("atletico mineiro", "ca mineiro", "clube atletico mineiro"),
    ("athletico paranaense", "ca paranaense", "athletico pr", "paranaense"),
    ("miami fl", "miami hurricanes", "miami fl hurricanes"),
    ("miami oh", "miami ohio", "miami redhawks", "miami oh redhawks"),
    ("natus vincere", "navi"),
    ("ninjas in pyjamas", "nip"),
)
"""Clubs known by names that share no word; Wikipedia articles of the clubs, read 2026-11."""

COUNTRIES = (
    ("united states", "usa", "us", "u s", "united states of america", "america"),
    ("united kingdom", "uk", "u k", "great britain", "britain"),
    ("south korea", "korea republic", "republic of korea"),
    ("ivory coast", "cote d ivoire", "cote divoire"),
    ("czech republic", "czechia"),
    ("turkey", "turkiye"),
    ("congo dr", "dr congo", "democratic republic of the congo", "democratic republic of congo"),
    ("bosnia and herzegovina", "bosnia", "bosnia-herzegovina"),
    ("cape verde", "cabo verde"),
    ("iran", "ir iran"),
    ("netherlands", "holland"),
    ("united arab emirates", "uae"),
    ("european union", "eu"),
    ("united nations", "un"),
    ("ireland", "republic of ireland"),
    ("china", "china pr"),
    ("taiwan", "chinese taipei"),
    ("saudi arabia", "ksa"),
)

# League -> (sport, whether one pair of teams may meet on days in a row, slug date is local)
LEAGUES = {
    "mlb": ("baseball", True, True), "kbo": ("baseball", True, False),
    "npb": ("baseball", True, False), "nba": ("basketball", True, True),
    "wnba": ("basketball", True, True), "nfl": ("football", False, True),
    "ncaaf": ("football", False, True), "ncaamb": ("basketball", True, True),
    "ncaawb": ("basketball", True, True), "cbb": ("basketball", True, True),
    "cfb": ("football", False, True), "nhl": ("hockey", True, True),
    "ahl": ("hockey", True, False), "khl": ("hockey", True, False),
    "mls": ("soccer", False, True), "nwsl": ("soccer", False, True),
    "pll": ("lacrosse", False, True), "ufc": ("mma", False, True), "mma": ("mma", False, True),
    "boxing": ("boxing", False, True), "atp": ("tennis", False, False),
    "wta": ("tennis", False, False), "itf": ("tennis", False, False),
    "cs2": ("cs2", False, False), "csgo": ("cs2", False, False), "lol": ("lol", False, False),
    "valorant": ("valorant", False, False), "val": ("valorant", False, False),
    "codmw": ("cod", False, False), "cod": ("cod", False, False), "dota2": ("dota2", False, False),
    "dota": ("dota2", False, False), "r6": ("r6", False, False), "r6siege": ("r6", False, False),
    "rl": ("rl", False, False),
    "ow": ("ow", False, False), "ipl": ("cricket", False, False), "cric": ("cricket", False, False),
    "psl": ("cricket", False, False), "t20": ("cricket", False, False),
    "bk": ("basketball", True, False), "acb": ("basketball", True, False),
    "bbl": ("basketball", True, False), "jbleague": ("basketball", True, False),
    "lnb": ("basketball", True, False), "bbserie": ("basketball", True, False),
    "bsl": ("basketball", True, False), "argl": ("basketball", True, False),
    "cba": ("basketball", True, False), "euroleague": ("basketball", True, False),
    "eurocup": ("basketball", True, False), "gbl": ("basketball", True, False),
    "aba": ("basketball", True, False), "vtb": ("basketball", True, False),
    "kbl": ("basketball", True, False), "fibachampleague": ("basketball", True, False),
    "czefl": ("soccer", False, False), "slgreece": ("soccer", False, False),
    "epl": ("soccer", False, False), "laliga": ("soccer", False, False),
    "bundesliga": ("soccer", False, False), "seriea": ("soccer", False, False),
    "serieb": ("soccer", False, False), "ligue": ("soccer", False, False),
    "ligaportugal": ("soccer", False, False), "eredivisie": ("soccer", False, False),
    "brasil": ("soccer", False, False), "ligamx": ("soccer", False, False),
    "ucl": ("soccer", False, False), "uel": ("soccer", False, False),
    "uecl": ("soccer", False, False), "facup": ("soccer", False, False),
    "eflc": ("soccer", False, False), "efl": ("soccer", False, False),
    "superlig": ("soccer", False, False), "saudi": ("soccer", False, False),
    "scottish": ("soccer", False, False), "belgian": ("soccer", False, False),
    "kleague": ("soccer", False, False), "jleague": ("soccer", False, False),
    "aleague": ("soccer", False, False), "argprem": ("soccer", False, False),
    "perliga": ("soccer", False, False), "chnsl": ("soccer", False, False),
    "hnl": ("soccer", False, False), "bolp": ("soccer", False, False),
    "copa": ("soccer", False, False), "coppa": ("soccer", False, False),
    "dimayor": ("soccer", False, False), "urypd": ("soccer", False, False),
    "chll": ("soccer", False, False), "ekstra": ("soccer", False, False),
    "allsv": ("soccer", False, False), "eliteserien": ("soccer", False, False),
    "wcgame": ("soccer", False, False), "fifwc": ("soccer", False, False),
    "fifa": ("soccer", False, False), "intlfriendly": ("soccer", False, False),
}  # fmt: skip

ONE_LEAGUE = {
    "nba": "nba", "wnba": "wnba", "ncaamb": "ncaamb", "cbb": "ncaamb", "ncaawb": "ncaawb",
    "mlb": "mlb", "kbo": "kbo", "npb": "npb", "nhl": "nhl", "ahl": "ahl", "khl": "khl",
    "nfl": "nfl", "ncaaf": "ncaaf", "cfb": "ncaaf", "mls": "mls", "nwsl": "nwsl", "atp": "atp",
    "wta": "wta", "soccer:mls": "mls", "soccer:nwsl": "nwsl", "acb": "acb", "bbl": "bbl",
    "bbserie": "bbserie", "lnb": "lnb", "bsl": "bsl", "argl": "argl", "cba": "cba",
    "jbleague": "jbleague", "aba": "aba", "kbl": "kbl", "fibachampleague": "fibachampleague",
    "epl": "epl", "soccer:epl": "epl", "laliga": "laliga", "soccer:lal": "laliga",
    "bundesliga": "bundesliga", "soccer:bun": "bundesliga", "seriea": "seriea",
    "soccer:sea": "seriea", "ligamx": "ligamx", "soccer:mex": "ligamx", "ucl": "ucl",
    "soccer:ucl": "ucl", "uel": "uel", "soccer:uel": "uel", "uecl": "uecl", "soccer:uecl": "uecl",
    "argprem": "argprem", "soccer:arg": "argprem", "soccer:lib": "libertadores",
    "soccer:sud": "sudamericana",
}  # fmt: skip
"""Leagues that both venues name, by one name."""

BASKETBALL_SLUGS = {
    "bkligend": "acb", "bkbbl": "bbl", "bkseriea": "bbserie", "bkfr1": "lnb", "bkbsl": "bsl",
    "bkarg": "argl", "bkcba": "cba", "bkjpn": "jbleague", "bkaba": "aba", "bkkbl": "kbl",
    "bkcl": "fibachampleague",
}  # fmt: skip
"""First part of Polymarket slugs of basketball games, and Kalshi's name for the same league."""

SOCCER_SLUGS = frozenset({
    "epl", "lal", "bun", "sea", "fl1", "por", "ere", "mls", "nwsl", "bra", "ucl", "uel", "uecl",
    "arg", "mex", "tur", "bol1", "chi", "hr1", "scop", "jap", "kor", "per", "col1", "chi1", "ecu",
    "uru", "par", "rus", "ukr1", "nor", "swe", "den", "aus", "bel", "sco", "cze", "pol", "aut",
    "sui", "gre", "rou", "isr", "sau", "mlx", "lib", "sud", "fif", "fifwc", "es2", "itsb", "bl2",
    "fl2", "el1", "el2", "efa", "dfb", "cdr", "itc", "caf", "afc", "ofc", "acn", "con", "eur",
    "unl", "cde", "cof", "uef", "isp", "csa", "lcs", "usoc", "spl", "per1",
})  # fmt: skip
"""First part of Polymarket slugs of soccer fixtures (gamma /sports and public slugs, 2026)."""

TITLE_SPORTS = {
    "lol": "lol", "league of legends": "lol", "valorant": "valorant", "counter-strike": "cs2",
    "counter strike": "cs2", "cs2": "cs2", "call of duty": "cod", "cod": "cod", "dota 2": "dota2",
    "dota": "dota2", "rainbow six": "r6", "rocket league": "rl", "overwatch": "ow",
    "indian premier league": "cricket", "ipl": "cricket", "kbo": "baseball", "mlb": "baseball",
    "npb": "baseball", "nba": "basketball", "wnba": "basketball", "nhl": "hockey",
    "ahl": "hockey", "khl": "hockey", "nfl": "football", "mls": "soccer",
}  # fmt: skip
"""Prefixes of titles that name the sport, on either venue; `ufc` and `mma` are found by word."""

SPORT_UNITS = {
    "soccer": "goals", "baseball": "runs", "basketball": "points", "hockey": "goals",
    "football": "points", "tennis": "games",
}  # fmt: skip
"""What a total counts where the title does not say."""

ESPORTS = frozenset({"lol", "valorant", "cs2", "cod", "dota2", "r6", "rl", "ow"})

_NBA = (
    "atlanta hawks|boston celtics|brooklyn nets|charlotte hornets|chicago bulls|cleveland cavaliers"
    "|dallas mavericks|denver nuggets|detroit pistons|golden state warriors|houston rockets"
    "|indiana pacers|los angeles clippers|los angeles lakers|memphis grizzlies|miami heat"
    "|milwaukee bucks|minnesota timberwolves|new orleans pelicans|new york knicks"
    "|oklahoma city thunder|orlando magic|philadelphia 76ers|phoenix suns|portland trail blazers"
    "|sacramento kings|san antonio spurs|toronto raptors|utah jazz|washington wizards"
)
_WNBA = (
    "atlanta dream|chicago sky|connecticut sun|dallas wings|golden state valkyries|indiana fever"
    "|las vegas aces|los angeles sparks|minnesota lynx|new york liberty|phoenix mercury"
    "|portland fire|seattle storm|toronto tempo|washington mystics"
)
_MLB = (
    "arizona diamondbacks|atlanta braves|baltimore orioles|boston red sox|chicago cubs"
    "|chicago white sox|cincinnati reds|cleveland guardians|colorado rockies|detroit tigers"
    "|houston astros|kansas city royals|los angeles angels|los angeles dodgers|miami marlins"
    "|milwaukee brewers|minnesota twins|new york mets|new york yankees|athletics"
    "|philadelphia phillies|pittsburgh pirates|san diego padres|san francisco giants"
    "|seattle mariners|st louis cardinals|tampa bay rays|texas rangers|toronto blue jays"
    "|washington nationals"
)
_NHL = (
    "anaheim ducks|boston bruins|buffalo sabres|calgary flames|carolina hurricanes"
    "|chicago blackhawks|colorado avalanche|columbus blue jackets|dallas stars|detroit red wings"
    "|edmonton oilers|florida panthers|los angeles kings|minnesota wild|montreal canadiens"
    "|nashville predators|new jersey devils|new york islanders|new york rangers|ottawa senators"
    "|philadelphia flyers|pittsburgh penguins|san jose sharks|seattle kraken|st louis blues"
    "|tampa bay lightning|toronto maple leafs|utah mammoth|vancouver canucks|vegas golden knights"
    "|washington capitals|winnipeg jets"
)
_NFL = (
    "arizona cardinals|atlanta falcons|baltimore ravens|buffalo bills|carolina panthers"
    "|chicago bears|cincinnati bengals|cleveland browns|dallas cowboys|denver broncos|detroit lions"
    "|green bay packers|houston texans|indianapolis colts|jacksonville jaguars|kansas city chiefs"
    "|las vegas raiders|los angeles chargers|los angeles rams|miami dolphins|minnesota vikings"
    "|new england patriots|new orleans saints|new york giants|new york jets|philadelphia eagles"
    "|pittsburgh steelers|san francisco 49ers|seattle seahawks|tampa bay buccaneers"
    "|tennessee titans|washington commanders"
)
TEAMS = {
    league: tuple(names.split("|"))
    for league, names in (
        ("nba", _NBA), ("wnba", _WNBA), ("mlb", _MLB), ("nhl", _NHL), ("nfl", _NFL),
    )
}  # fmt: skip
"""Full names of the large American leagues' teams (leagues' own sites, season 2026)."""
