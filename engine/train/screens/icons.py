"""Which glyph of which icon font shows which lexicon key. Each line was checked by eye on a contact sheet.

Left out on purpose: brand logos, and glyphs that a person would name otherwise (a bag is neither clearly
the shop nor the shopping cart; a curled arrow is undo as much as back).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One icon font: its file inside a package, and glyph names by lexicon key.

    A name may end in "@degrees": the glyph turned counterclockwise.
    """

    name: str
    package: str  # import name of the package that holds the font
    font: str
    charmap: str | None  # JSON of name -> hexadecimal code; without one each name carries "=code"
    glyphs: dict[str, tuple[str, ...]]
    heldout: bool = False
    distractors: tuple[str, ...] = field(default=())


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split(":") for line in text.strip().splitlines())
    return {key.strip(): _names(names) for key, names in rows}


MATERIAL = Family(
    "material",
    "qtawesome",
    "fonts/materialdesignicons6-webfont-6.9.96.ttf",
    "fonts/materialdesignicons6-webfont-charmap-6.9.96.json",
    _table("""
camera: camera camera-outline
photos: image image-outline image-multiple image-multiple-outline
clock: clock clock-outline alarm clock-time-four clock-time-eight-outline
calendar: calendar calendar-month calendar-month-outline calendar-today calendar-text
calculator: calculator calculator-variant calculator-variant-outline
settings: cog cog-outline
phone: phone phone-outline
messages: message message-text message-text-outline message-processing message-processing-outline chat \
chat-processing comment-text
mail: email email-outline email-open email-open-outline
browser: web earth
maps: map map-outline map-marker map-marker-outline map-marker-radius map-legend
music: music music-note music-note-eighth music-circle
video: video video-outline movie movie-open movie-outline filmstrip movie-open-outline
weather: weather-partly-cloudy weather-sunny weather-cloudy weather-rainy weather-pouring \
weather-partly-rainy cloud white-balance-sunny
notes: note-text note-text-outline notebook notebook-outline text-box text-box-outline
files: folder folder-outline folder-open folder-open-outline
store: store storefront store-outline storefront-outline
contacts: account account-outline account-circle account-circle-outline account-box contacts \
contacts-outline card-account-details account-multiple account-group
recorder: microphone microphone-outline
health: heart-pulse pulse
wallet: wallet wallet-outline wallet-bifold
compass: compass compass-outline
flashlight: flashlight flashlight flashlight@45 flashlight@-45 flashlight@-25 flashlight@180
shopping: cart cart-outline basket basket-outline
back: arrow-left chevron-left arrow-left arrow-left-circle arrow-left-circle-outline keyboard-backspace \
arrow-left-thick
search: magnify
menu: menu dots-vertical dots-horizontal
add: plus plus-circle plus-circle-outline plus-box plus-thick
close: close close-circle close-circle-outline close-thick
share: share-variant share-variant-outline export-variant share share-outline
delete: delete delete-outline trash-can trash-can-outline
edit: pencil pencil-outline square-edit-outline lead-pencil
download: download download-outline tray-arrow-down download-circle arrow-collapse-down
play: play play-circle play-circle-outline play-outline
like: heart heart-outline thumb-up thumb-up-outline
send: send send-outline send-circle
refresh: refresh sync reload cached
"""),
    distractors=_names("""
bell lock star bluetooth wifi volume-high airplane key coffee car home lightbulb leaf puzzle gamepad-variant
brush printer shield gift tag bookmark eye flag trophy headphones
"""),
)

AWESOME = Family(
    "awesome",
    "qtawesome",
    "fonts/fontawesome6-solid-webfont-6.7.2.ttf",
    "fonts/fontawesome6-solid-webfont-charmap-6.7.2.json",
    _table("""
camera: camera camera-retro
photos: image images
clock: clock
calendar: calendar calendar-days calendar-day calendar-week
calculator: calculator
settings: gear
phone: phone phone-volume
messages: comment comment-dots message comments
mail: envelope envelope-open
browser: globe earth-americas earth-asia earth-europe
maps: map map-location-dot location-dot
music: music
video: video film clapperboard
weather: cloud cloud-sun sun cloud-rain cloud-sun-rain cloud-showers-heavy
notes: note-sticky file-lines
files: folder folder-open
store: store shop
contacts: address-book address-card user circle-user user-group users
recorder: microphone microphone-lines
health: heart-pulse
wallet: wallet
compass: compass
shopping: cart-shopping basket-shopping
back: arrow-left chevron-left circle-arrow-left circle-chevron-left angle-left arrow-left-long
search: magnifying-glass
menu: bars ellipsis ellipsis-vertical
add: plus circle-plus square-plus
close: xmark circle-xmark
share: share-nodes share arrow-up-from-bracket
delete: trash trash-can
edit: pen pencil pen-to-square
download: download circle-down
play: play circle-play
like: heart heart thumbs-up
send: paper-plane
refresh: rotate-right arrow-rotate-right arrows-rotate rotate
"""),
    distractors=_names("""
bell lock star wifi volume-high plane key mug-hot car house lightbulb leaf puzzle-piece gamepad brush print
shield gift tag bookmark eye flag trophy
"""),
)

AWESOME_REGULAR = Family(
    "awesome-regular",
    "qtawesome",
    "fonts/fontawesome6-regular-webfont-6.7.2.ttf",
    "fonts/fontawesome6-regular-webfont-charmap-6.7.2.json",
    _table("""
photos: image images
clock: clock
calendar: calendar calendar-days
messages: comment comment-dots message comments
mail: envelope envelope-open
maps: map
notes: note-sticky file-lines
files: folder folder-open
contacts: address-book address-card user circle-user
compass: compass
close: circle-xmark
delete: trash-can
edit: pen-to-square
play: circle-play
like: heart thumbs-up
send: paper-plane
"""),
)

REMIX = Family(
    "remix",
    "qtawesome",
    "fonts/remixicon-2.5.0.ttf",
    "fonts/remixicon-charmap-2.5.0.json",
    _table("""
camera: camera-fill camera-line camera-2-fill camera-2-line camera-3-fill camera-3-line
photos: image-fill image-line image-2-fill image-2-line
clock: time-fill time-line alarm-fill alarm-line
calendar: calendar-fill calendar-line calendar-2-fill calendar-2-line calendar-event-fill calendar-todo-line
calculator: calculator-fill calculator-line
settings: settings-3-fill settings-3-line settings-4-fill settings-5-fill settings-2-line
phone: phone-fill phone-line
messages: chat-1-fill chat-1-line chat-3-fill chat-3-line message-2-fill message-2-line question-answer-fill
mail: mail-fill mail-line mail-open-fill mail-open-line
browser: global-fill global-line earth-fill earth-line
maps: map-2-fill map-2-line map-pin-fill map-pin-2-fill map-pin-2-line road-map-fill
music: music-fill music-line music-2-fill music-2-line
video: film-fill film-line clapperboard-fill vidicon-fill vidicon-line movie-fill movie-line
weather: sun-fill sun-line sun-cloudy-fill sun-cloudy-line cloudy-line rainy-fill rainy-line showers-fill
notes: sticky-note-fill sticky-note-line file-text-fill file-text-line booklet-fill booklet-line
files: folder-fill folder-line folder-2-fill folder-3-fill folder-open-fill
store: store-2-fill store-2-line store-3-fill store-3-line store-fill
contacts: contacts-fill contacts-line contacts-book-fill contacts-book-line user-fill user-line \
account-circle-fill account-box-fill group-fill
recorder: mic-fill mic-line mic-2-fill mic-2-line
health: heart-pulse-fill heart-pulse-line pulse-line
wallet: wallet-fill wallet-line wallet-2-fill wallet-3-fill wallet-3-line
compass: compass-3-fill compass-3-line compass-fill compass-line
shopping: shopping-cart-fill shopping-cart-line shopping-cart-2-fill shopping-basket-fill \
shopping-basket-line shopping-basket-2-fill
back: arrow-left-line arrow-left-s-line arrow-left-circle-fill arrow-left-circle-line
search: search-line search-2-line
menu: menu-line menu-2-line more-fill more-2-fill
add: add-line add-circle-fill add-circle-line add-box-fill
close: close-line close-circle-fill close-circle-line close-fill
share: share-line share-fill share-forward-fill share-forward-line
delete: delete-bin-fill delete-bin-line delete-bin-2-fill delete-bin-6-line delete-bin-5-fill
edit: edit-fill edit-line pencil-fill pencil-line edit-box-line edit-2-fill
download: download-fill download-line download-2-fill download-2-line
play: play-fill play-line play-circle-fill play-circle-line
like: heart-fill heart-line heart-3-fill thumb-up-fill thumb-up-line
send: send-plane-fill send-plane-line send-plane-2-fill send-plane-2-line
refresh: refresh-line restart-line
"""),
    distractors=_names("""
lock-fill star-fill star-line bluetooth-line wifi-fill volume-up-fill plane-fill key-fill cup-fill car-fill
home-fill home-line lightbulb-fill leaf-fill gamepad-fill brush-fill printer-fill shield-fill gift-fill
bookmark-fill eye-fill flag-fill trophy-fill
"""),
)

CODICON = Family(
    "codicon",
    "qtawesome",
    "fonts/codicon-0.0.36.ttf",
    "fonts/codicon-charmap-0.0.36.json",
    _table("""
camera: device-camera
calendar: calendar
settings: gear settings-gear
messages: comment comment-discussion
mail: mail
browser: globe
notes: note notebook
files: folder folder-opened
contacts: account person organization
recorder: mic mic-filled
health: pulse
compass: compass
video: device-camera-video
maps: location map
back: arrow-left chevron-left
search: search
menu: menu ellipsis kebab-vertical
add: add
close: close
share: share
delete: trash
edit: edit
download: cloud-download
play: play play-circle
like: heart heart-filled thumbsup
send: send
refresh: refresh sync
"""),
    distractors=_names("""
bell lock star key home lightbulb eye tag bookmark shield rocket
"""),
)

ELUSIVE = Family(
    "elusive",
    "qtawesome",
    "fonts/elusiveicons-webfont-2.0.ttf",
    "fonts/elusiveicons-webfont-charmap-2.0.json",
    _table("""
camera: camera
photos: picture
clock: time
calendar: calendar calendar-sign
settings: cog cog-alt
phone: phone phone-alt
messages: comment comment-alt
mail: envelope envelope-alt
browser: globe globe-alt
maps: map-marker map-marker-alt
music: music
video: video film
weather: cloud cloud-alt
files: folder folder-close folder-open
contacts: user adult group address-book address-book-alt
compass: compass compass-alt
shopping: shopping-cart shopping-cart-sign
back: arrow-left chevron-left
search: search search-alt
menu: lines
add: plus plus-sign
close: remove remove-sign
share: share share-alt
delete: trash trash-alt
edit: edit pencil pencil-alt
download: download download-alt
play: play play-alt play-circle
like: heart heart-alt heart-empty thumbs-up
refresh: refresh repeat
"""),
    distractors=_names("""
bell lock star volume-up plane key car home leaf gift tag bookmark flag
"""),
)

BOOTSTRAP = Family(
    "bootstrap",
    "bootstrap_icons",
    "install/bootstrap-icons.ttf",
    None,
    _table("""
camera: camera=f220 camera-fill=f219
photos: image=f42a image-fill=f429 images=f42b card-image=f226
clock: clock=f293 clock-fill=f291 alarm=f102 alarm-fill=f101
calendar: calendar=f1f6 calendar-fill=f1e9 calendar3=f214 calendar-date=f1e4 calendar-event=f1e8 \
calendar-week-fill=f1f2 calendar2-week=f209
calculator: calculator=f1e0 calculator-fill=f1df
settings: gear=f3e5 gear-fill=f3e2 gear-wide-connected=f3e3
phone: telephone=f5c1 telephone-fill=f5b4
messages: chat=f268 chat-fill=f24b chat-dots=f24a chat-dots-fill=f249 chat-left-text=f252 \
chat-left-text-fill=f251 chat-square-dots-fill=f25e chat-text-fill=f266
mail: envelope=f32f envelope-fill=f32c envelope-open=f32e
browser: globe=f3ee globe2=f3ef globe-americas=f882
maps: map=f47f map-fill=f47e geo-alt=f3e8 geo-alt-fill=f3e7
music: music-note=f4a0 music-note-beamed=f49e
video: camera-video=f21f camera-video-fill=f21c film=f3c3 camera-reels=f21b camera-reels-fill=f21a
weather: sun-fill=f5a1 cloud-sun=f2be cloud-sun-fill=f2bd cloud=f2c1 cloud-fill=f29e cloud-rain=f2b6 \
cloud-rain-fill=f2b3 cloud-drizzle=f29d
notes: sticky=f58d sticky-fill=f58c journal-text=f444 journal=f446 file-text=f3b9 file-text-fill=f3b8
files: folder=f3d7 folder-fill=f3d1 folder2=f3d9 folder2-open=f3d8
store: shop=f543 shop-window=f542
contacts: person=f4e1 person-fill=f4da person-circle=f4d7 person-badge=f4d3 person-rolodex=f676 \
people=f4d0 people-fill=f4cf person-lines-fill=f4db person-vcard-fill=f8c8
recorder: mic=f490 mic-fill=f48d
health: heart-pulse=f76f heart-pulse-fill=f76e activity=f66b
wallet: wallet=f614 wallet2=f615 wallet-fill=f613
compass: compass=f2d1 compass-fill=f2d0
shopping: cart=f242 cart-fill=f23d cart3=f244 basket=f180 basket-fill=f17f cart4=f245
back: arrow-left=f12f chevron-left=f284 arrow-left-circle=f12a arrow-left-circle-fill=f129
search: search=f52a
menu: list=f479 three-dots=f5d4 three-dots-vertical=f5d3 justify=f44b
add: plus-lg=f64d plus-circle=f4fa plus-circle-fill=f4f9 plus-square-fill=f4fc
close: x-lg=f659 x-circle=f623 x-circle-fill=f622
share: share=f52e share-fill=f52d box-arrow-up=f1c6
delete: trash=f5de trash-fill=f5dd trash3=f78b trash3-fill=f78a
edit: pencil=f4cb pencil-fill=f4c9 pencil-square=f4ca pen=f4c8 pen-fill=f4c7
download: download=f30a box-arrow-in-down=f1bc arrow-down-circle-fill=f118
play: play=f4f5 play-fill=f4f4 play-circle=f4f3 play-circle-fill=f4f2
like: heart=f417 heart-fill=f415 hand-thumbs-up=f407 hand-thumbs-up-fill=f406
send: send=f6c0 send-fill=f6b9
refresh: arrow-clockwise=f116 arrow-repeat=f130
"""),
    distractors=_names("""
bell=f18a lock-fill=f47a star-fill=f586 house-fill=f424 key-fill=f44e bookmark-fill=f199 flag-fill=f3cb
trophy-fill=f5e6 gift-fill=f3eb shield-fill=f536 bluetooth=f682 wifi=f61c airplane-fill=f7cc
puzzle-fill=f502 printer-fill=f500 eye-fill=f33e lightbulb-fill=f468 cup-fill=f2de brush-fill=f1d7
tag-fill=f5af
"""),
)

IONICONS = Family(
    "ionicons",
    "django_static_ionicons",
    "static/ionicons/fonts/ionicons.ttf",
    None,
    _table("""
camera: camera=f118 ios-camera=f3f6 android-camera=f2d3 ios-camera-outline=f3f5
photos: image=f147 images=f148 android-image=f2e4
clock: clock=f26e ios-clock=f403 android-time=f3b3 ios-clock-outline=f402 android-alarm-clock=f35a \
ios-alarm=f3c8
calendar: calendar=f117 ios-calendar=f3f4 android-calendar=f2d1 ios-calendar-outline=f3f3
calculator: calculator=f26d ios-calculator=f3f2 ios-calculator-outline=f3f1
settings: gear-a=f13d gear-b=f13e ios-gear=f43d android-settings=f2f7 ios-gear-outline=f43c
phone: ios-telephone=f4b9 android-call=f2d2 ios-telephone-outline=f4b8
messages: chatbubble=f11e chatbubble-working=f11d chatbox=f11b chatboxes=f11c ios-chatbubble=f3fc \
android-chat=f2d4 android-textsms=f3b2
mail: email=f132 ios-email=f423 android-mail=f2eb ios-email-outline=f422 android-drafts=f384
browser: earth=f276 android-globe=f38c ios-world=f4d3 ios-world-outline=f4d2
maps: map=f203 android-map=f393 location=f1ff ios-location=f456
music: music-note=f20c ios-musical-notes=f46c ios-musical-note=f46b
video: videocamera=f256 ios-videocam=f4cd android-film=f389 ios-film=f42b film-marker=f135 \
ios-videocam-outline=f4cc
weather: cloud=f12b ios-partlysunny=f476 ios-sunny=f4b7 ios-rainy=f495 android-sunny=f3b0 \
android-cloud=f37a ios-cloudy=f410
notes: document-text=f12e ios-paper=f472
files: folder=f139 ios-folder=f435 android-folder=f2e0 ios-folder-outline=f434 android-folder-open=f38a
contacts: person=f213 ios-person=f47e android-person=f3a0 person-stalker=f212 ios-people=f47c \
android-people=f39e ios-contact=f41a
recorder: mic-a=f204 ios-mic=f461 android-microphone=f2ec ios-mic-outline=f460
health: ios-pulse=f493 ios-pulse-strong=f492
compass: android-compass=f37c
shopping: ios-cart=f3f8 android-cart=f370 ios-cart-outline=f3f7
back: arrow-left-c=f108 ios-arrow-back=f3cf android-arrow-back=f2ca chevron-left=f124 arrow-left-a=f106 \
ios-arrow-left=f3d2 ios-arrow-thin-left=f3d5
search: search=f21f ios-search-strong=f4a4 android-search=f2f5 ios-search=f4a5
menu: navicon-round=f20d navicon=f20e android-menu=f394 more=f20b android-more-vertical=f397 \
android-more-horizontal=f396
add: plus-round=f217 plus=f218 android-add=f2c7 ios-plus=f48b plus-circled=f216 ios-plus-empty=f489 \
android-add-circle=f359
close: close-round=f129 close=f12a android-close=f2d7 ios-close=f406 close-circled=f128 \
ios-close-empty=f404 android-cancel=f36e
share: share=f220 android-share-alt=f3ac android-share=f2f8 ios-upload=f4cb ios-redo=f499
delete: trash-a=f252 trash-b=f253 ios-trash=f4c5 android-delete=f37f ios-trash-outline=f4c4
edit: edit=f2bf compose=f12c android-create=f37e ios-compose-outline=f417
download: android-download=f2dd ios-download=f420 ios-download-outline=f41f
play: play=f215 ios-play=f488 android-arrow-dropright-circle=f362 ios-play-outline=f487
like: heart=f141 ios-heart=f443 android-favorite=f388 thumbsup=f251 ios-heart-outline=f442 \
android-favorite-outline=f387
send: paper-airplane=f2c3 android-send=f2f6 ios-paperplane=f474 ios-paperplane-outline=f473
refresh: refresh=f21c loop=f201 android-refresh=f3a8 ios-refresh-empty=f49a android-sync=f3b1 \
ios-loop-strong=f459
"""),
    distractors=_names("""
ios-bell=f3e2 locked=f200 star=f24e key=f296 leaf=f1fd beer=f26a coffee=f272 plane=f214 wifi=f25c
bluetooth=f116 home=f144 trophy=f356 umbrella=f2b7 flag=f279 pricetag=f2aa ribbon-b=f349 printer=f21a
eye=f133 lightbulb=f299 bookmark=f26b
"""),
)

PHOSPHOR = Family(
    "phosphor",
    "qtawesome",
    "fonts/phosphor-1.3.0.ttf",
    "fonts/phosphor-charmap-1.3.0.json",
    _table("""
camera: camera-fill camera-bold camera
photos: image-fill image-bold image image-square-fill image-square-bold
clock: clock-fill clock-bold clock alarm-fill alarm-bold
calendar: calendar-fill calendar-bold calendar calendar-blank-bold
calculator: calculator-fill calculator-bold calculator
settings: gear-fill gear-bold gear gear-six-fill gear-six-bold
phone: phone-fill phone-bold phone
messages: chat-circle-dots-fill chat-circle-dots-bold chat-fill chat-text-fill chat-text-bold \
chat-teardrop-dots-fill chat-centered-text-bold
mail: envelope-fill envelope-bold envelope envelope-simple-fill envelope-simple-bold
browser: globe-fill globe-bold globe globe-simple-bold globe-hemisphere-east-fill
maps: map-trifold-fill map-trifold-bold map-pin-fill map-pin-bold map-trifold
music: music-note-fill music-notes-fill music-note-bold music-notes-bold music-notes-simple-fill
video: video-camera-fill video-camera-bold film-strip-fill film-strip-bold
weather: sun-fill sun-bold cloud-sun-fill cloud-sun-bold cloud-fill cloud-rain-fill cloud-rain-bold
notes: note-fill note-bold notepad-fill notepad-bold notebook-fill
files: folder-fill folder-bold folder folder-open-fill folder-simple-fill
store: storefront-fill storefront-bold storefront
contacts: user-fill user-bold address-book-fill address-book-bold user-circle-fill users-fill \
identification-card-fill
recorder: microphone-fill microphone-bold microphone
health: heartbeat-fill heartbeat-bold heartbeat
wallet: wallet-fill wallet-bold wallet
compass: compass-fill compass-bold compass
flashlight: flashlight-fill flashlight-bold flashlight
shopping: shopping-cart-fill shopping-cart-bold shopping-cart shopping-cart-simple-fill
back: arrow-left-bold caret-left-bold arrow-left arrow-circle-left-fill
search: magnifying-glass-bold magnifying-glass
menu: list-bold dots-three-vertical-bold dots-three-bold list dots-three-outline-fill
add: plus-bold plus-circle-fill plus-circle-bold
close: x-bold x x-circle-fill x-circle-bold
share: share-network-fill share-network-bold share-fill export-bold share-bold
delete: trash-fill trash-bold trash-simple-fill trash
edit: pencil-simple-fill pencil-fill pencil-bold note-pencil-bold pencil-simple-bold
download: download-simple-bold download-bold download-fill
play: play-fill play-bold play-circle-fill play-circle-bold
like: heart-fill heart-bold heart thumbs-up-fill thumbs-up-bold
send: paper-plane-fill paper-plane-bold paper-plane-right-fill paper-plane-tilt-fill paper-plane-tilt-bold
refresh: arrow-clockwise-bold arrows-clockwise-bold arrow-clockwise
"""),
    heldout=True,
    distractors=_names("""
bell-fill lock-fill star-fill star-bold wifi-high-bold speaker-high-fill airplane-fill key-fill coffee-fill
car-fill house-fill house-bold lightbulb-fill leaf-fill puzzle-piece-fill game-controller-fill
paint-brush-fill printer-fill shield-fill gift-fill tag-fill bookmark-fill eye-fill flag-fill trophy-fill
"""),
)

FAMILIES: tuple[Family, ...] = (
    MATERIAL,
    AWESOME,
    AWESOME_REGULAR,
    REMIX,
    CODICON,
    ELUSIVE,
    BOOTSTRAP,
    IONICONS,
    PHOSPHOR,
)
DRAWN_KEYS = frozenset({"switch", "checkbox", "slider"})  # drawn shapes, no glyph


def families(heldout: bool) -> tuple[Family, ...]:
    """The families of one side of the split; the two sides share no font."""
    return tuple(family for family in FAMILIES if family.heldout == heldout)
