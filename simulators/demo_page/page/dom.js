/* Builds DOM nodes; text is only ever set as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

function apply(node, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.setAttribute("class", value);
    else if (name === "text") node.textContent = value;
    else if (name === "value") node.value = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Creates an element: `class`, `text`, `value` and `onclick` … are special, all else becomes an attribute. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  apply(node, props);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An SVG element. */
export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  apply(node, props);
  node.append(...children);
  return node;
}

/**
 * Updates the children of `box` to match `items`: nodes whose item is unchanged stay.
 * `render(item, before)` returns a node; `before` is the item as shown so far, if it was.
 */
export function keyed(box, items, keyOf, render) {
  const before = box.keyed ?? new Map();
  const after = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const looks = JSON.stringify(item);
    const known = before.get(key);
    const node = known?.looks === looks ? known.node : render(item, known?.item);
    after.set(key, { looks, node, item });
  }
  const wanted = [...after.values()].map((entry) => entry.node);
  for (const child of [...box.childNodes]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((node, place) => {
    if (box.childNodes[place] !== node) box.insertBefore(node, box.childNodes[place] ?? null);
  });
  box.keyed = after;
}

/** `1 reply`, `2 replies`. */
export function count(number, singular, plural = `${singular}s`) {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** The hour and minute of a Slack ts or of seconds since the epoch, in the viewer's zone. */
export function clock(seconds) {
  return new Date(Number(seconds) * 1000).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}
