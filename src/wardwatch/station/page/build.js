// In: a tag, its properties and children. Out: an element; text only ever goes in as text.

/** @param {string} tag @param {Object<string, string|boolean|function>} [properties] @param {...(Node|string)} children */
export function build(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Sets the text only where it changed, so that a screen reader is told changes and nothing else. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a data attribute only where it changed. */
export function mark(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}
