/** Finding the elements that the page is known to have. */

/** The element that matches, which must exist and be a `kind`. Raises TypeError. */
export function find<T extends Element>(
  root: ParentNode,
  selector: string,
  kind: abstract new () => T,
): T {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new TypeError(`the page has no ${selector}`);
  return element;
}

/** A copy of the one element in a template. */
export function copy(selector: string): HTMLElement {
  const template = find(document, selector, HTMLTemplateElement);
  const clone = document.importNode(template.content, true).firstElementChild;
  if (!(clone instanceof HTMLElement)) throw new TypeError(`${selector} is empty`);
  return clone;
}

export function listItem(text: string): HTMLElement {
  const element = document.createElement('li');
  element.textContent = text;
  return element;
}

/** Sets text only where it differs, so that nothing is laid out or read out again for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
