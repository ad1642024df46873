"""What the help of each command shows, in which order, with which examples; the rest comes from the options."""

from streamstyle import __version__
from streamstyle.commands.parser import Page

_LOOK = "style alpha strokes color person"
_LOOK_RARELY = "weights color_strength temporal grain faces style_size mask feather save_look"
_COMPUTED = "| model device precision size"
_TOLD = "config verbose log_file help"

GREETING = f"""streamstyle {__version__}: photos, videos and live cameras as paintings, on your own computer.

  streamstyle demo                                     a sample clip, before and after
  streamstyle video portrait.jpg --style composition   a photo; the result lies next to it
  streamstyle video holiday.mp4 --style starry-night   a video, with its sound
  streamstyle styles portrait.jpg --open               your photo in every style, in the browser
  streamstyle camera                                   your camera, live

Any picture is a style: --style my_painting.jpg. All commands: streamstyle --help
"""
"""What `streamstyle` alone says."""

PAGES = {
    "": Page("COMMAND [options]", {"commands": "command", "options": "version help"}),
    "video": Page(
        "INPUT... --style STYLE [options]",
        {
            "input and output": "inputs output overwrite start end compare preview"
            " | preview_every skip_existing resume output_size crf codec keep_gps"
            " skip_duplicates",
            "how it looks": f"{_LOOK} background look | {_LOOK_RARELY}",
            "how it is computed": f"{_COMPUTED} hwaccel workers cluster",
            "messages": f"help_all | list_styles quiet json {_TOLD}",
        },
        (
            "streamstyle video holiday.mp4 --style starry-night",
            "streamstyle video portrait.jpg --style my_painting.jpg --alpha 0.7 -o painted.png",
            "streamstyle video photos/ --style great-wave -o painted/",
            "streamstyle video holiday.mp4 --style scream --person keep --start 0:10 --end 0:20",
        ),
    ),
    "camera": Page(
        "[options]",
        {
            "input": "camera list_cameras mirror | camera_size fps loop",
            "output": "record audio virtual_camera mjpeg no_window | seconds overwrite",
            "how it looks": f"{_LOOK} look styles_folder | background {_LOOK_RARELY}",
            "how it is computed": _COMPUTED,
            "messages": f"help_all | json {_TOLD}",
        },
        (
            "streamstyle camera --style composition my_painting.jpg    (h shows the keys)",
            "streamstyle camera --record show.mp4 --audio",
            "streamstyle camera --virtual-camera --no-window    (a camera for Zoom, Teams, OBS)",
        ),
    ),
    "studio": Page(
        "[options]",
        {
            "on this computer": "camera no_browser data help_all | port new_token mirror",
            "for other devices, such as a phone": "host password https | certificate key allow_host",
            "how it looks": f"{_LOOK} look | background {_LOOK_RARELY}",
            "how it is computed": _COMPUTED,
            "messages": f"| {_TOLD}",
        },
        ("streamstyle studio", "streamstyle studio --camera holiday.mp4", "streamstyle studio --host 0.0.0.0 --https"),
    ),
    "demo": Page(
        "[options]",
        {"options": "style output overwrite no_open help_all | device", "messages": f"| {_TOLD}"},
        ("streamstyle demo", "streamstyle demo --style my_painting.jpg -o my_demo"),
    ),
    "styles": Page(
        "[PHOTO] [options]",
        {"options": "photo open output overwrite json help_all | model device", "messages": f"| {_TOLD}"},
        ("streamstyle styles", "streamstyle styles portrait.jpg --open"),
    ),
    "style": Page(
        "make PAINTING [options]",
        {
            "input and output": "what painting photos output preview overwrite",
            "how long": "minutes help_all",
            "messages": f"| quiet json {_TOLD}",
        },
        (
            "streamstyle style make my_painting.jpg",
            "streamstyle style make my_painting.jpg --photos holiday/ -o my.style.npz",
        ),
    ),
    "sheet": Page(
        "INPUT [options]",
        {
            "input and output": "input output overwrite start",
            "how it looks": "style size",
            "how it is computed": "| model device",
            "messages": f"help_all | {_TOLD}",
        },
        (
            "streamstyle sheet portrait.jpg",
            "streamstyle sheet holiday.mp4 --start 0:10 --style composition scream -o sheet.png",
        ),
    ),
    "install": Page(
        "[PART...]",
        {"options": "parts source help_all", "messages": f"| {_TOLD}"},
        ("streamstyle install", "streamstyle install people", "streamstyle install people --from mediapipe-0.10.14.whl"),
    ),
    "doctor": Page(
        "[options]",
        {"options": "json timeout help_all", "messages": f"| {_TOLD}"},
        ("streamstyle doctor", "streamstyle doctor --json"),
    ),
    "completion": Page(
        "SHELL",
        {"shell": "shell help_all", "messages": f"| {_TOLD}"},
        (
            "streamstyle completion bash > ~/.local/share/bash-completion/completions/streamstyle",
            "streamstyle completion fish > ~/.config/fish/completions/streamstyle.fish",
            "streamstyle completion zsh > ~/.streamstyle.zsh    (then in ~/.zshrc: source ~/.streamstyle.zsh)",
        ),
    ),
}
"""Command -> its page."""
