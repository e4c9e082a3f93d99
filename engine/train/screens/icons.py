"""Which glyph of which icon font shows which lexicon key. Each line was checked by eye on a contact sheet.

Left out on purpose: brand logos, and glyphs that a person would name otherwise (a bag is neither clearly
the shop nor the shopping cart; a curled arrow is undo as much as back).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One icon font: its file inside a package's fonts folder, and glyph names by lexicon key."""

    name: str
    font: str
    charmap: str
    glyphs: dict[str, tuple[str, ...]]
    heldout: bool = False
    distractors: tuple[str, ...] = field(default=())


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split(":") for line in text.strip().splitlines())
    return {key.strip(): tuple(names.split()) for key, names in rows}


MATERIAL = Family(
    "material",
    "materialdesignicons6-webfont-6.9.96.ttf",
    "materialdesignicons6-webfont-charmap-6.9.96.json",
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
flashlight: flashlight
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
    distractors=tuple(
        "bell lock star bluetooth wifi volume-high airplane key coffee car home lightbulb leaf puzzle "
        "gamepad-variant brush printer shield gift tag bookmark eye flag trophy skip-next skip-previous "
        "chevron-right headphones".split()
    ),
)

AWESOME = Family(
    "awesome",
    "fontawesome6-solid-webfont-6.7.2.ttf",
    "fontawesome6-solid-webfont-charmap-6.7.2.json",
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
    distractors=tuple(
        "bell lock star wifi volume-high plane key mug-hot car house lightbulb leaf puzzle-piece gamepad "
        "brush print shield gift tag bookmark eye flag trophy forward-step backward-step chevron-right".split()
    ),
)

AWESOME_REGULAR = Family(
    "awesome-regular",
    "fontawesome6-regular-webfont-6.7.2.ttf",
    "fontawesome6-regular-webfont-charmap-6.7.2.json",
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
    "remixicon-2.5.0.ttf",
    "remixicon-charmap-2.5.0.json",
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
    distractors=tuple(
        "lock-fill star-fill star-line bluetooth-line wifi-fill volume-up-fill plane-fill key-fill cup-fill "
        "car-fill home-fill home-line lightbulb-fill leaf-fill gamepad-fill brush-fill printer-fill "
        "shield-fill gift-fill bookmark-fill eye-fill flag-fill trophy-fill skip-forward-fill "
        "skip-back-fill arrow-right-s-line".split()
    ),
)

CODICON = Family(
    "codicon",
    "codicon-0.0.36.ttf",
    "codicon-charmap-0.0.36.json",
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
    distractors=tuple("bell lock star key home lightbulb eye tag bookmark shield rocket chevron-right".split()),
)

ELUSIVE = Family(
    "elusive",
    "elusiveicons-webfont-2.0.ttf",
    "elusiveicons-webfont-charmap-2.0.json",
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
    distractors=tuple("bell lock star wifi volume-up plane key car home leaf gift tag bookmark flag".split()),
)

PHOSPHOR = Family(
    "phosphor",
    "phosphor-1.3.0.ttf",
    "phosphor-charmap-1.3.0.json",
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
    distractors=tuple(
        "bell-fill lock-fill star-fill star-bold wifi-high-bold speaker-high-fill airplane-fill key-fill "
        "coffee-fill car-fill house-fill house-bold lightbulb-fill leaf-fill puzzle-piece-fill "
        "game-controller-fill paint-brush-fill printer-fill shield-fill gift-fill tag-fill bookmark-fill "
        "eye-fill flag-fill trophy-fill skip-forward-fill skip-back-fill caret-right-bold".split()
    ),
)

FAMILIES: tuple[Family, ...] = (MATERIAL, AWESOME, AWESOME_REGULAR, REMIX, CODICON, ELUSIVE, PHOSPHOR)
DRAWN_KEYS = frozenset({"switch", "checkbox", "slider"})  # drawn shapes, no glyph


def families(heldout: bool) -> tuple[Family, ...]:
    """The families of one side of the split; the two sides share no font."""
    return tuple(family for family in FAMILIES if family.heldout == heldout)
