"""One claim as both venues word it, and what stands beside each wording and is another claim.

Each group is one Kalshi market: questions that say the same, and questions that differ in one thing
(deadline, year, office, level, stage, league, person, inclusiveness).
"""

import pytest

from tests.unit.matching.support import Group, accepted

GROUPS = (
    Group(
        "KXPRESPERSON-28-JDOE", "Who will win the next presidential election?", "Jane Doe",
        "2029-01-20T00:00:00Z", "2028-11-07T00:00:00Z",
        ("Will Jane Doe win the 2028 US Presidential Election?", "Will Jane Doe win the 2028 presidential election?"),
        ("Will Jane Doe win the 2032 US Presidential Election?", "Will Jane Doe win the 2028 French Presidential Election?", "Will Jane Doe win the 2028 Democratic presidential nomination?", "Will Jane Doe win the popular vote in the 2028 US Presidential Election?", "Will Jane Doe run in the 2028 US Presidential Election?", "Will Jane Doe win Ohio in the 2028 US Presidential Election?", "Will Jane Doe be the next President?", "Will Jane Doe lose the 2028 US Presidential Election?", "Will Jane Doe be inaugurated as president?", "Will Jane Doe win the 2028 US vice presidential election?"),
    ),
    Group(
        "CONTROLH-2026-D", "Will Democrats win the U.S. House in 2026?", "",
        "2027-02-01T15:00:00Z", "2026-11-03T00:00:00Z",
        ("Will the Democratic Party win the House in the 2026 midterm elections?", "Will the Democrats control the House after the 2026 Midterms?"),
        ("Will the Democrats win the Senate in 2026?", "Will the Republicans win the House in 2026?", "Will the Democrats win the House in 2028?", "Will the Democrats win the House popular vote in 2026?", "Will the Democrats lose the House in 2026?", "Will the Democrats gain House seats in 2026?", "Will the Democrats win the House and Senate in 2026?", "Will the Democrats win the Ohio House in 2026?", "Will the Democrats win the House by 10 seats in 2026?", "Will the Democrats control the House before the 2026 midterms?"),
    ),
    Group(
        "KXFEDDECISION-26JUN-H0", "Will the Federal Reserve Hike rates by 0bps at their June 2026 meeting?", "Fed maintains rate",
        "2026-06-17T18:00:00Z", "2026-06-17T00:00:00Z",
        ("No change in Fed interest rates after June 2026 meeting?", "Will there be no change in Fed interest rates after the June 2026 meeting?"),
        ("No change in Fed interest rates after July 2026 meeting?", "No change in Fed interest rates in 2026?", "No change in ECB interest rates after June 2026 meeting?", "Fed increases interest rates by 25 bps after June 2026 meeting?", "Fed decreases interest rates by 25 bps after June 2026 meeting?", "No change in Fed interest rates after June 2027 meeting?", "Change in Fed interest rates after June 2026 meeting?", "No change in Fed interest rates by June 2026 meeting?", "No change in Fed interest rates before June 2026 meeting?", "Will there be no dissent at the Fed June 2026 meeting?"),
    ),
    Group(
        "KXFEDDECISION-26JUN-C25", "Fed decision in Jun 2026?", "Cut 25bps",
        "2026-06-17T18:00:00Z", "2026-06-17T00:00:00Z",
        ("Fed cuts interest rates by 25 bps after June 2026 meeting?",),
        ("Fed decreases interest rates by 50 bps after June 2026 meeting?", "Fed decreases interest rates by 50+ bps after June 2026 meeting?", "Fed increases interest rates by 25 bps after June 2026 meeting?", "Fed decreases interest rates by 25 bps after July 2026 meeting?", "ECB decreases interest rates by 25 bps after June 2026 meeting?", "Fed decreases interest rates by 25+ bps after June 2026 meeting?", "Fed decreases interest rates by 25 bps by June 2026?", "Fed decreases interest rates after June 2026 meeting?"),
    ),
    Group(
        "KXTRUMPVISIT-26-CHN", "Which countries will Donald Trump visit in 2026?", "China",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Trump visit China in 2026?", "Will President Trump visit China in 2026?"),
        ("Will Donald Trump visit Russia in 2026?", "Will Donald Trump visit China in 2027?", "Will Donald Trump visit China by June 30, 2026?", "Will Donald Trump Jr. visit China in 2026?", "Will Melania Trump visit China in 2026?", "Will China visit Donald Trump in 2026?", "Will Xi Jinping visit China in 2026?", "Will Donald Trump not visit China in 2026?", "Will Donald Trump visit China twice in 2026?", "Will Donald Trump visit China or Russia in 2026?", "Will Donald Trump visit China before 2027?", "Will Donald Trump announce a visit to China in 2026?"),
    ),
    Group(
        "KXTRUMPPARDON-26-JDOE", "Who will Trump pardon before 2027?", "Jane Doe",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Trump pardon Jane Doe by December 31, 2026?", "Will Donald Trump pardon Jane Doe before 2027?"),
        ("Will Trump pardon John Doe by December 31, 2026?", "Will Jane Doe pardon Trump by December 31, 2026?", "Will Trump be pardoned by Jane Doe by December 31, 2026?", "Will Biden pardon Jane Doe by December 31, 2026?", "Will Trump pardon Jane Doe by June 30, 2026?", "Will Trump commute Jane Doe by December 31, 2026?", "Will Trump pardon Jane Doe Jr. by December 31, 2026?", "Will Jane Doe be convicted by December 31, 2026?"),
    ),
    Group(
        "KXTRUMPSAY-26MAY18-AUTI", "What will Trump say this week?", "Autism / Autistic",
        "2026-05-18T03:59:00Z", "2026-05-17T00:00:00Z",
        ('Will Trump say "Autism" or "Autistic" this week?',),
        ('Will Trump say "Autism" this week?', 'Will Trump say "Autistic" this week?', 'Will Trump say "Autism" or "Autistic" next week?', 'Will Trump say "Autism" or "Autistic" in May?', 'Will Trump say "Autism" or "Autistic" 3+ times this week?', 'Will Vance say "Autism" or "Autistic" this week?', 'Will Trump post "Autism" or "Autistic" this week?', 'Will Trump not say "Autism" or "Autistic" this week?', 'Will Trump say "Autism" and "Autistic" this week?'),
    ),
    Group(
        "KXOSCARPIC-26-OBAA", "Oscar for Best Picture?", "Acme Rising",
        "2026-03-16T00:00:00Z", "2026-03-15T00:00:00Z",
        ('Will "Acme Rising" win Best Picture at the 98th Academy Awards?', "Will Acme Rising win Best Picture at the 2026 Oscars?"),
        ('Will "Acme Rising" win Best Picture at the 97th Academy Awards?', 'Will "Acme Rising" win Best Picture at the 99th Academy Awards?', 'Will "Acme Rising" win Best Director at the 98th Academy Awards?', 'Will "Acme Rising" be nominated for Best Picture at the 98th Academy Awards?', 'Will "Acme Falling" win Best Picture at the 98th Academy Awards?', 'Will "Acme Rising" win Best Picture at the 83rd Golden Globes?', 'Will "Acme Rising" win Best International Picture at the 98th Academy Awards?', 'Will "Acme Rising" win Best Animated Picture at the 98th Academy Awards?', 'Will "Acme Rising" win the most Oscars at the 98th Academy Awards?', 'Will "Acme Rising" win Best Picture at the 98th BAFTA?'),
    ),
    Group(
        "KXNFLAFCEAST-26-BUF", "AFC East Winner?", "Buffalo",
        "2026-01-28T00:00:00Z", "2026-01-10T00:00:00Z",
        ("Will the Buffalo Bills win the AFC East?", "Will the Buffalo Bills win the 2026 AFC East division title?"),
        ("Will the Buffalo Bills win the AFC?", "Will the Buffalo Bills win the AFC West?", "Will the Buffalo Bills win the AFC Championship?", "Will the Buffalo Bills finish last in the AFC East?", "Will the New York Jets win the AFC East?", "Will the Buffalo Bills win the NFC East?", "Will the Buffalo Bills win the most games in the AFC East?", "Will the Buffalo Bills win the AFC East in 2028?", "Will the Buffalo Bills not win the AFC East?"),
    ),
    Group(
        "KXNBAPLAYOFF-26-HOU", "Will Houston make the Pro Basketball playoffs?", "",
        "2026-05-01T00:00:00Z", "2026-04-15T00:00:00Z",
        ("Will the Houston Rockets make the 2026 NBA Playoffs?",),
        ("Will the Houston Rockets make the 2027 NBA Playoffs?", "Will the Houston Rockets make the NBA Finals?", "Will the Houston Rockets make the NBA play-in?", "Will the Houston Rockets miss the 2026 NBA Playoffs?", "Will the Houston Texans make the 2026 NFL Playoffs?", "Will the Houston Rockets win the 2026 NBA Playoffs?", "Will the Houston Rockets make the second round of the 2026 NBA Playoffs?", "Will the Dallas Mavericks make the 2026 NBA Playoffs?"),
    ),
    Group(
        "KXNBADRAFT1-26-JDOE", "Who will be picked first in the NBA Draft?", "John Doe",
        "2026-07-06T00:00:00Z", "2026-06-24T00:00:00Z",
        ("Will John Doe be the first pick in the 2026 NBA draft?", "Will John Doe be the #1 overall pick in the 2026 NBA draft?"),
        ("Will John Doe be the second pick in the 2026 NBA draft?", "Will John Doe be the first pick in the 2027 NBA draft?", "Will John Doe be the first pick in the 2026 NFL draft?", "Will John Doe be a first round pick in the 2026 NBA draft?", "Will John Doe be a top 3 pick in the 2026 NBA draft?", "Will John Doe be picked by the Bulls in the 2026 NBA draft?", "Will John Doe be the first guard picked in the 2026 NBA draft?", "Will the Bulls have the first pick in the 2026 NBA draft?", "Will John Doe declare for the 2026 NBA draft?", "Will John Doe be the first pick in the 2026 WNBA draft?"),
    ),
    Group(
        "KXLEADERMLBAVG-26-JDOE", "Will John Doe lead Pro Baseball in batting average for the 2026 regular season?", "",
        "2026-10-21T00:00:00Z", "2026-09-27T00:00:00Z",
        ("Will John Doe have the highest batting average in the 2026 MLB regular season?", "Will John Doe lead the MLB in batting average for the 2026 regular season?"),
        ("Will John Doe have the highest batting average in the 2026 AL regular season?", "Will John Doe have the highest slugging average in the 2026 MLB regular season?", "Will John Doe have the highest batting average in the 2026 MLB postseason?", "Will John Doe have the highest batting average in the 2027 MLB regular season?", "Will John Doe have the lowest batting average in the 2026 MLB regular season?", "Will John Doe lead the MLB in RBIs for the 2026 regular season?"),
    ),
    Group(
        "KXFOMEN-26-JDOE", "Men's French Open winner?", "John Doe",
        "2026-06-22T00:00:00Z", "2026-06-07T00:00:00Z",
        ("Will John Doe win the 2026 Men's French Open?", "Will John Doe win the 2026 Roland Garros Men's Singles?", "Will John Doe win the 2026 French Open Men's Singles?"),
        ("Will John Doe win the 2026 Women's French Open?", "Will John Doe win the 2026 Men's French Open doubles?", "Will John Doe win the 2026 French Open Men's Doubles?", "Will John Doe win the 2026 Men's US Open?", "Will John Doe win the 2027 Men's French Open?", "Will John Doe reach the final of the 2026 Men's French Open?", "Will John Doe win the 2026 Junior French Open?", "Will John Doe win the 2026 French Open Mixed Doubles?", "Will John Doe win the 2026 French Open?", "Will John Doe win a set at the 2026 Men's French Open?", "Will John Doe win the 2026 Boys' French Open?"),
    ),
    Group(
        "KXPREMIERLEAGUE-26-ARS", "Premier League Winner", "Arsenal",
        "2026-06-22T00:00:00Z", "2026-05-24T00:00:00Z",
        ("Will Arsenal win the 2025–26 English Premier League?", "Will Arsenal win the EPL?"),
        ("Will Arsenal win the 2025-26 Scottish Premier League?", "Will Arsenal win the 2025-26 Indian Premier League?", "Will Arsenal win the 2025-26 Women's Premier League?", "Will Arsenal win the 2026-27 English Premier League?", "Will Arsenal finish 2nd in the 2025-26 English Premier League?", "Will Arsenal win the 2025-26 UEFA Champions League?", "Will Arsenal be relegated from the English Premier League?", "Will Aston Villa win the 2025-26 English Premier League?", "Will Arsenal Women win the 2025-26 English Premier League?", "Will Arsenal finish top 4 in the English Premier League?", "Will Arsenal win the Premier League 2?"),
    ),
    Group(
        "KXUCL-26-ARS", "Champions League Winner", "Arsenal",
        "2026-06-22T00:00:00Z", "2026-05-30T00:00:00Z",
        ("Will Arsenal win the 2025–26 UEFA Champions League?",),
        ("Will Arsenal win the 2025–26 UEFA Women's Champions League?", "Will Arsenal win the 2025–26 UEFA Europa League?", "Will Arsenal win the 2025–26 AFC Champions League?", "Will Arsenal reach the final of the 2025–26 UEFA Champions League?", "Will Arsenal win the 2025–26 UEFA Youth Champions League?", "Will Arsenal win the 2025-26 CAF Champions League?"),
    ),
    Group(
        "KXNCAAF-26-IND", "College Football Champion?", "Indiana",
        "2026-01-28T00:00:00Z", "2026-01-19T00:00:00Z",
        ("Will Indiana win the 2026 College Football Playoff National Championship?", "Will Indiana win the College Football National Championship?"),
        ("Will Indiana win the 2026 Men's College Basketball Championship?", "Will Indiana make the College Football Playoff?", "Will Indiana win the Big Ten Championship?", "Will Indiana make the College Football Playoff National Championship?", "Will Indiana State win the College Football Playoff National Championship?", "Will Indiana win the 2025 College Football Playoff National Championship?"),
    ),
    Group(
        "KXMARMAD-26-DUKE", "Will Duke win the Men's College Basketball Championship?", "Duke",
        "2026-04-28T00:00:00Z", "2026-04-06T00:00:00Z",
        ("Will Duke win the 2026 NCAA Men's Basketball Championship?", "Will Duke win the NCAA Basketball Tournament?"),
        ("Will Duke win the 2026 NCAA Women's Basketball Championship?", "Will Duke win the 2026 ACC Basketball Tournament?", "Will Duke make the 2026 NCAA Men's Basketball Tournament?", "Will Duke win the Women's College Basketball Championship?", "Will Duke win the 2027 NCAA Men's Basketball Championship?", "Will Duke win the 2026 NBA Championship?", "Will Duke win the NIT basketball tournament?"),
    ),
    Group(
        "KXSURVIVOR-26DEC31-JDOE", "Who will win Survivor?", "Jane Doe",
        "2026-05-21T00:00:00Z", "2026-05-21T00:00:00Z",
        ("Will Jane Doe win Survivor Season 50?",),
        ("Will Jane Doe win Survivor Australia Season 50?", "Will Jane Doe win Big Brother Season 50?", "Will John Doe win Survivor Season 50?", "Will Jane Doe be eliminated in Survivor Season 50?", "Will Jane Doe win Survivor Season 50 Episode 3?", "Will Jane Doe win 50 Survivor challenges?"),
    ),
    Group(
        "KXSURVIVOR-26DEC31-JDOE", "Who will win Survivor?", "Jane Doe",
        "2026-12-31T00:00:00Z", "2026-05-21T00:00:00Z",
        (),
        ("Will Jane Doe win Survivor Season 50?",),
    ),
    Group(
        "KXNEXTPM-26MAY01-JDOE", "Prime Minister of Freedonia after the 2026 election?", "Jane Doe",
        "2026-05-09T00:00:00Z", "2026-05-09T00:00:00Z",
        ("Will the next Prime Minister of Freedonia be Jane Doe?", "Will Jane Doe be the next PM of Freedonia?"),
        ("Will the next Prime Minister of Sylvania be Jane Doe?", "Will the next President of Freedonia be Jane Doe?", "Will the next Prime Minister of Freedonia be John Doe?", "Will Jane Doe be Prime Minister of Freedonia in 2026?", "Will Jane Doe's party win the 2026 Freedonia election?", "Will the next Deputy Prime Minister of Freedonia be Jane Doe?"),
    ),
    Group(
        "KXPMFREE-26MAY01-JDOE", "Prime Minister of Freedonia after the 2026 election?", "Jane Doe",
        "2026-05-09T00:00:00Z", "2026-05-09T00:00:00Z",
        (),
        ("Will the next Prime Minister of Freedonia be Jane Doe?",),
    ),
    Group(
        "KXEUROVISIONFIRSTSFINAL-26-BEL", "Will Belgium qualify for the Grand Final of the Eurovision Song Contest 2026?", "",
        "2026-05-16T00:00:00Z", "2026-05-11T00:00:00Z",
        ("Will Belgium advance through the first Eurovision Semi-Final?",),
        ("Will Belgium advance through the second Eurovision Semi-Final?", "Will Belgium win the first Eurovision Semi-Final?", "Will Belgium win Eurovision 2026?", "Will Greece advance through the first Eurovision Semi-Final?", "Will Belgium be in the top 3 at Eurovision 2026?", "Will Belgium advance through the first Junior Eurovision Semi-Final?", "Will Belgium advance through the first Eurovision Semi-Final in 2027?", "Will Belgium participate in Eurovision 2026?"),
    ),
    Group(
        "KXBRAZILPRES1R-26OCT04", "Will anyone win outright in the first round of the 2026 Brazil Presidential election?", "",
        "2027-10-03T00:00:00Z", "2026-10-03T00:00:00Z",
        ("Will any presidential candidate win outright in the first round of the Brazil election?", "Will anyone win outright in the first round of the Brazilian presidential election?"),
        ("Will any presidential candidate win outright in the second round of the Brazil election?", "Will Lula win outright in the first round of the Brazil election?", "Will any presidential candidate win outright in the first round of the Chile election?", "Will any gubernatorial candidate win outright in the first round of the Brazil election?", "Will any presidential candidate win in the first round of the 2030 Brazil election?", "Will no presidential candidate win outright in the first round of the Brazil election?"),
    ),
    Group(
        "KXRECSSNBER-26", "Will there be a recession in 2026?", "",
        "2027-01-31T15:00:00Z", "2026-12-31T00:00:00Z",
        ("US recession in 2026?",),
        ("UK recession in 2026?", "US recession in 2027?", "US recession by end of 2026?", "Global recession in 2026?", "No US recession in 2026?", "US depression in 2026?", "Canada recession in 2026?", "US recession announced in 2026?"),
    ),
    Group(
        "KXIMPEACH-27", "Will Donald Trump be impeached before Jan 1, 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Trump be impeached by end of 2026?", "Trump impeached before 2027?"),
        ("Will Donald Trump Jr. be impeached by end of 2026?", "Will Trump be impeached by end of 2027?", "Will Trump be impeached and convicted by end of 2026?", "Will Vance be impeached by end of 2026?", "Will Trump impeach Vance by end of 2026?", "Will Trump be impeached in 2026?", "Will Trump be impeached twice by end of 2026?", "Will Eric Trump be impeached by end of 2026?"),
    ),
    Group(
        "KXU3-26MAY-T4.4", "Unemployment rate in May 2026?", "Above 4.4%",
        "2026-06-06T00:00:00Z", "2026-06-05T00:00:00Z",
        ("Will the US unemployment rate be above 4.4% in May 2026?", "Will the May 2026 unemployment rate be above 4.4%?"),
        ("Will the Canadian unemployment rate be above 4.4% in May 2026?", "Will the US unemployment rate be above 4.4% in June 2026?", "Will the US unemployment rate be above 4.4% by May 2026?", "Will the US unemployment rate be 4.4% in May 2026?", "Will the US unemployment rate be above 4.5% in May 2026?", "Will the US unemployment rate be at least 4.4% in May 2026?", "Will the Black US unemployment rate be above 4.4% in May 2026?", "Will the US unemployment rate be above 4.4% before May 2026?"),
    ),
    Group(
        "KXGTA6-27", "Will GTA VI be released before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("GTA 6 released by December 31, 2026?",),
        ("GTA 5 released by December 31, 2026?", "GTA VII released by December 31, 2026?", "GTA 6 released by December 31, 2027?", "GTA 6 released in 2026?", "GTA 6 announced by December 31, 2026?", "GTA 6 trailer released by December 31, 2026?", "GTA 6 delayed by December 31, 2026?"),
    ),
    Group(
        "KXCEASE-27", "Russia x Ukraine ceasefire before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will there be a Russia-Ukraine ceasefire by December 31, 2026?",),
        ("Will there be a Russia-Ukraine peace deal by December 31, 2026?", "Will there be a Russia-Georgia ceasefire by December 31, 2026?", "Will there be a Russia-Ukraine ceasefire by June 30, 2026?", "Will there be no Russia-Ukraine ceasefire by December 31, 2026?"),
    ),
    Group(
        "KXFRPRES-27-JDOE", "Who will win the next French presidential election?", "Jane Doe",
        "2027-06-01T00:00:00Z", "2027-04-30T00:00:00Z",
        ("Will Jane Doe win the 2027 French presidential election?", "Will Jane Doe win the 2027 France presidential election?"),
        ("Will Jane Doe win the 2027 German presidential election?", "Will Jane Doe win the first round of the 2027 French presidential election?", "Will Jane Doe win the 2032 French presidential election?", "Will Jane Doe qualify for the second round of the 2027 French presidential election?", "Will Jane Doe run in the 2027 French presidential election?"),
    ),
    Group(
        "KXSENATETXR-26-JDOE", "Texas Republican Senate nominee?", "Jane Doe",
        "2026-11-03T15:00:00Z", "2026-05-26T00:00:00Z",
        ("Will Jane Doe be the Republican nominee for Senate in Texas?", "Will Jane Doe win the Republican nomination for Texas Senate?"),
        ("Will Jane Doe win the Texas Republican Senate primary?", "Will Jane Doe be the Democratic nominee for Senate in Texas?", "Will Jane Doe be the Republican nominee for Governor in Texas?", "Will Jane Doe be the Republican nominee for Senate in Ohio?", "Will Jane Doe win the Texas Senate race?", "Will Jane Doe advance from the Texas Republican Senate primary?"),
    ),
    Group(
        "KXF1RACE-MONGP26-JD", "Monaco Grand Prix Winner?", "John Doe",
        "2026-06-08T00:00:00Z", "2026-06-07T00:00:00Z",
        ("Will John Doe win the 2026 F1 Monaco Grand Prix?", "Will John Doe win the 2026 Monaco Grand Prix?"),
        ("Will John Doe win the 2026 F1 Spanish Grand Prix?", "Will John Doe win the 2027 F1 Monaco Grand Prix?", "Will John Doe win the 2026 F1 Monaco Grand Prix sprint?", "Will John Doe win pole at the 2026 F1 Monaco Grand Prix?", "Will John Doe finish on the podium at the 2026 Monaco Grand Prix?", "Will John Doe win the 2026 MotoGP Monaco Grand Prix?", "Will John Doe win the 2026 F2 Monaco Grand Prix?"),
    ),
    Group(
        "KXIPO-26-ACME", "Which companies will IPO in 2026?", "Acme",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Acme IPO in 2026?",),
        ("Will Acme announce an IPO in 2026?", "Will Acme IPO before 2027?", "Will Acme IPO first in 2026?", "Will Acme IPO in 2027?", "Will Acme not IPO in 2026?", "Will Foobar IPO in 2026?", "Will Acme have the largest IPO in 2026?"),
    ),
    Group(
        "KXTOPMODEL-26DEC-GOOG", "Which company has the best AI model at the end of 2026?", "Google",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Google have the best AI model at the end of December 2026?", "Will Google have the best AI model end of 2026?"),
        ("Will Google have the best AI model at the end of June 2026?", "Will Google have the best coding AI model at the end of 2026?", "Will Google have the second best AI model at the end of 2026?", "Will Google have the worst AI model at the end of 2026?", "Will OpenAI have the best AI model at the end of 2026?", "Will Google have the best AI model in 2026?", "Will Google have the best AI model by the end of 2026?", "Will Google have the best AI model at the end of 2027?"),
    ),
    Group(
        "KXNOBEL-26-JDOE", "Will Jane Doe win the Nobel Peace Prize this year?", "Jane Doe",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Jane Doe win the Nobel Peace Prize in 2026?", "Will Jane Doe win the 2026 Nobel Peace Prize?"),
        ("Will Jane Doe win the Nobel Peace Prize in 2027?", "Will Jane Doe be nominated for the Nobel Peace Prize in 2026?", "Will Jane Doe win the Nobel Prize in Literature in 2026?", "Will Jane Doe share the Nobel Peace Prize in 2026?"),
    ),
    Group(
        "KXENGAGE-26", "Will Jane Roe and John Doe get married before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Jane Roe and John Doe married by December 31, 2026?", "Will Jane Roe and John Doe marry before 2027?"),
        ("Jane Roe and John Doe engaged by December 31, 2026?", "Jane Roe and John Poe married by December 31, 2026?", "Jane Roe and John Doe divorced by December 31, 2026?", "Jane Roe and John Doe married in 2026?", "Will Jane Roe marry by December 31, 2026?"),
    ),
    Group(
        "KXPERLIGA1-26-ASO", "Will Asociacion Deportiva Tarma win the Liga 1 Peru?", "",
        "2027-01-14T00:00:00Z", "2026-12-13T00:00:00Z",
        ("Will ADT win Peru Liga 1?",),
        ("Will ADC win Peru Liga 1?", "Will AD win Peru Liga 1?", "Will ADT win Peru Liga 2?", "Will ADT win Chile Liga 1?"),
    ),
    Group(
        "KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "Angel Doe Roe",
        "2026-05-10T00:00:00Z", "2026-05-10T00:00:00Z",
        ("Will Angel Doe finish in the Top 10 at the 2026 Harbour Bay Classic?",),
        ("Will Anna Doe finish in the Top 10 at the 2026 Harbour Bay Classic?", "Will Angel Doe Poe finish in the Top 10 at the 2026 Harbour Bay Classic?", "Will Angel Doe Jr. finish in the Top 10 at the 2026 Harbour Bay Classic?"),
    ),
    Group(
        "KXNFLOPOTY-26-JDOE", "Offensive Player of the Year?", "John Doe",
        "2026-02-08T00:00:00Z", "2026-02-05T00:00:00Z",
        ("Will John Doe win the 2025-26 NFL Offensive Player of the Year?",),
        ("Will John Doe win the 2025-26 NFL Defensive Player of the Year?", "Will John Doe win the 2025-26 NFL Offensive Rookie of the Year?", "Will John Doe be nominated for the 2025-26 NFL Offensive Player of the Year?", "Will John Doe win the 2026-27 NFL Offensive Player of the Year?", "Will John Doe win the 2025-26 College Offensive Player of the Year?"),
    ),
    Group(
        "KXLIGUE1-26-PSG", "Ligue 1 Winner", "PSG",
        "2026-06-08T00:00:00Z", "2026-05-25T00:00:00Z",
        ("Will PSG win the 2025–26 French Ligue 1?",),
        ("Will PSG win the 2025–26 French Ligue 2?", "Will PSG win the 2025–26 Tunisian Ligue 1?", "Will PSG finish top 2 in the 2025–26 French Ligue 1?", "Will Paris FC win the 2025–26 French Ligue 1?", "Will PSG win the 2025–26 Coupe de France?"),
    ),
    Group(
        "KXANIMEBD-26-BLU", "2026 Acme Anime Award for Best Drama?", "Blue Crate",
        "2026-06-08T00:00:00Z", "2026-05-25T00:00:00Z",
        ('Will "Blue Crate" win Best Drama at the 2026 Acme Anime Awards?',),
        ('Will "Blue Crate" win Best Comedy at the 2026 Acme Anime Awards?', 'Will "Blue Crate" be nominated for Best Drama at the 2026 Acme Anime Awards?', 'Will "Blue Crate" win Best Drama at the 2027 Acme Anime Awards?', 'Will "Blue Crate 2" win Best Drama at the 2026 Acme Anime Awards?', 'Will "Blue Crate Rising" win Best Drama at the 2026 Acme Anime Awards?'),
    ),
    Group(
        "KXNEXTCHAN-30-JDOE", "Who will be the next Chancellor of Germany?", "Jane Doe",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Jane Doe be the next German Chancellor?",),
        ("Will Jane Doe be the next Austrian Chancellor?", "Will Jane Doe be the next German Vice Chancellor?", "Will Jane Doe be the next German President?", "Will Jane Doe be German Chancellor by December 31, 2026?", "Will Jane Doe be the last German Chancellor?", "Will Jane Doe name the next German Chancellor?"),
    ),
    Group(
        "KXNEXTCOACH-26-JDOE", "Who will be the next head coach of the New York Giants?", "John Doe",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will John Doe be the next New York Giants head coach?",),
        ("Will John Doe be the next New York Jets head coach?", "Will John Doe be the next New York Giants offensive coordinator?", "Will John Doe be the next New York Giants general manager?", "Will John Doe be the New York Giants head coach in 2026?", "Will John Doe be interviewed for the next New York Giants head coach?"),
    ),
    Group(
        "KXWCROUND-26SEMI-FRA", "Will France reach the World Cup semifinals?", "",
        "2026-07-26T00:00:00Z", "2026-07-15T00:00:00Z",
        ("Will France reach the semi-finals of the 2026 FIFA World Cup?", "Will France reach the 2026 FIFA World Cup semifinals?"),
        ("Will France reach the quarter-finals of the 2026 FIFA World Cup?", "Will France reach the final of the 2026 FIFA World Cup?", "Will France win the semi-finals of the 2026 FIFA World Cup?", "Will France reach the semi-finals of the 2030 FIFA World Cup?", "Will France reach the semi-finals of the 2026 FIFA Women's World Cup?", "Will Spain reach the semi-finals of the 2026 FIFA World Cup?", "Will France be eliminated in the semi-finals of the 2026 FIFA World Cup?", "Will France reach the semi-finals of the 2026 FIFA U-20 World Cup?"),
    ),
    Group(
        "KXWCGROUPQUAL-26A-RSA", "Will South Africa qualify from World Cup Group A?", "",
        "2026-07-10T00:00:00Z", "2026-06-26T00:00:00Z",
        ("Will South Africa advance from Group A at the 2026 FIFA World Cup?",),
        ("Will South Africa win Group A at the 2026 FIFA World Cup?", "Will South Africa advance from Group B at the 2026 FIFA World Cup?", "Will South Africa qualify for the 2026 FIFA World Cup?", "Will South Africa finish second in Group A at the 2026 FIFA World Cup?", "Will South Korea advance from Group A at the 2026 FIFA World Cup?", "Will South Africa finish last in Group A at the 2026 FIFA World Cup?"),
    ),
    Group(
        "KXEPLTOP4-26-LIV", "Will Liverpool finish in the top 4 of the EPL?", "",
        "2026-06-01T00:00:00Z", "2026-05-24T00:00:00Z",
        ("Will Liverpool finish in the top 4 of the 2025–26 English Premier League?",),
        ("Will Liverpool finish in the top 5 of the 2025–26 English Premier League?", "Will Liverpool finish in the top 4 of the 2026–27 English Premier League?", "Will Liverpool win the 2025–26 English Premier League?", "Will Everton finish in the top 4 of the 2025–26 English Premier League?", "Will Liverpool finish outside the top 4 of the 2025–26 English Premier League?", "Will Liverpool be in the top 4 of the 2025–26 English Premier League at Christmas?"),
    ),
    Group(
        "KXRATECUT-26", "Will the Federal Reserve cut rates before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Fed rate cut by December 31, 2026?",),
        ("Fed rate hike by December 31, 2026?", "Fed rate cut in 2026?", "Fed rate cut by December 2026 meeting?", "Two Fed rate cuts by December 31, 2026?", "Fed emergency rate cut by December 31, 2026?", "No Fed rate cut by December 31, 2026?", "ECB rate cut by December 31, 2026?", "Fed rate cut by 25 bps by December 31, 2026?"),
    ),
    Group(
        "KXGEM-27", "Will Gemini 4 be released before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Gemini 4.0 released by December 31, 2026?",),
        ("Gemini 4.5 released by December 31, 2026?", "Gemini 3.0 released by December 31, 2026?", "Gemini 4.0 Flash released by December 31, 2026?", "Gemini 40 released by December 31, 2026?", "Gemini 4.0 announced by December 31, 2026?"),
    ),
    Group(
        "KXCPICOREYOY-26MAY-T2.9", "Will the rate of core CPI inflation be above 2.9% for the year ending in May 2026?", "Above 2.9%",
        "2026-06-12T00:00:00Z", "2026-06-12T00:00:00Z",
        ("Will core CPI inflation be above 2.9% year-over-year in May 2026?",),
        ("Will CPI inflation be above 2.9% year-over-year in May 2026?", "Will core CPI inflation be above 2.9% month-over-month in May 2026?", "Will core PCE inflation be above 2.9% year-over-year in May 2026?", "Will core CPI inflation be above 2.9% year-over-year in June 2026?", "Will core CPI inflation be at least 2.9% year-over-year in May 2026?", "Will core CPI inflation be 2.9% year-over-year in May 2026?"),
    ),
    Group(
        "KXFOGERMAN-26", "Will a German win the Men's French Open?", "",
        "2026-06-22T00:00:00Z", "2026-06-07T00:00:00Z",
        ("Will a German win the 2026 Men's French Open?",),
        ("Will Germany win the 2026 Men's French Open?", "Will a German man win the 2026 Men's French Open?", "Will a German reach the final of the 2026 Men's French Open?", "Will no German win the 2026 Men's French Open?"),
    ),
)  # fmt: skip


def _rows(kind: str) -> list[object]:
    return [
        pytest.param(group, question, id=f"{group.ticker}: {question}")
        for group in GROUPS
        for question in getattr(group, kind)
    ]


@pytest.mark.parametrize(("group", "question"), _rows("equal"))
def test_one_claim_in_other_words(group: Group, question: str) -> None:
    assert accepted(group, question) == "1111"


@pytest.mark.parametrize(("group", "question"), _rows("near"))
def test_one_thing_differs(group: Group, question: str) -> None:
    assert accepted(group, question).startswith("no: ")
