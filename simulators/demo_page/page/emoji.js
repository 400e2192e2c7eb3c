/* Names of common emoji, in Unicode. */

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", no_entry: "⛔",
  no_entry_sign: "🚫", octagonal_sign: "🛑", stop_sign: "🛑", question: "❓", exclamation: "❗",
  information_source: "ℹ️", rocket: "🚀", kite: "🪁", package: "📦", hammer: "🔨", hammer_and_wrench: "🛠️",
  wrench: "🔧", gear: "⚙️", lock: "🔒", unlock: "🔓", closed_lock_with_key: "🔐", key: "🔑", shield: "🛡️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", timer_clock: "⏲️", alarm_clock: "⏰",
  clock1: "🕐", double_vertical_bar: "⏸️", pause_button: "⏸️", arrow_forward: "▶️", black_square_for_stop: "⏹️",
  fast_forward: "⏩", track_next: "⏭️", black_right_pointing_double_triangle_with_vertical_bar: "⏭️",
  arrows_counterclockwise: "🔄", repeat: "🔁", leftwards_arrow_with_hook: "↩️", arrow_right: "➡️",
  arrow_up: "⬆️", arrow_down: "⬇️", red_circle: "🔴", large_blue_circle: "🔵", blue_circle: "🔵",
  large_green_circle: "🟢", green_circle: "🟢", large_yellow_circle: "🟡", yellow_circle: "🟡",
  large_orange_circle: "🟠", orange_circle: "🟠", white_circle: "⚪", black_circle: "⚫",
  large_purple_circle: "🟣", large_green_square: "🟩", large_red_square: "🟥", large_yellow_square: "🟨",
  large_blue_square: "🟦", white_large_square: "⬜", black_large_square: "⬛", fire: "🔥", boom: "💥",
  tada: "🎉", sparkles: "✨", bell: "🔔", no_bell: "🔕", eyes: "👀", thinking_face: "🤔", ghost: "👻",
  wave: "👋", raised_hand: "✋", hand: "✋", "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎",
  ok_hand: "👌", pray: "🙏", clap: "👏", muscle: "💪", smile: "😄", slightly_smiling_face: "🙂",
  robot_face: "🤖", bust_in_silhouette: "👤", busts_in_silhouette: "👥", computer: "💻",
  desktop_computer: "🖥️", link: "🔗", mag: "🔍", page_facing_up: "📄", scroll: "📜", memo: "📝", pencil: "📝",
  clipboard: "📋", file_folder: "📁", speech_balloon: "💬", bulb: "💡", construction: "🚧",
  construction_worker: "👷", traffic_light: "🚦", vertical_traffic_light: "🚦", checkered_flag: "🏁",
  heart: "❤️", green_heart: "💚", broken_heart: "💔", test_tube: "🧪", bug: "🐛", snowflake: "❄️",
  zzz: "💤", electric_plug: "🔌", satellite_antenna: "📡", globe_with_meridians: "🌐", chart_with_upwards_trend: "📈",
  stopwatch_timer: "⏱️", twisted_rightwards_arrows: "🔀", herb: "🌿", seedling: "🌱", label: "🏷️", pushpin: "📌",
  bookmark: "🔖", inbox_tray: "📥", outbox_tray: "📤", mailbox: "📫", wastebasket: "🗑️", skull: "💀",
  // Acme's own emoji, drawn by glyphs.js.
  eslint: "\uE001", jest: "\uE002", go: "\uE003", android: "\uE004", ios: "\uE005", books: "\uE006",
  large_white_square: "⬜", heavy_minus_sign: "➖", heavy_plus_sign: "➕", recycle: "♻️", whale: "🐳",
};

/** The characters of an emoji by its name; null when the name is not known. */
export function emoji(name) {
  return Object.hasOwn(EMOJI, name) ? EMOJI[name] : null;
}

/** Text with its known `:names:` replaced. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => emoji(name) ?? whole);
}

/** Does the same where drawings aren't possible: workspace emoji are removed. */
export function plainEmoji(text) {
  return withEmoji(text).replace(/[\uE001-\uE006]\s?/g, "");
}
