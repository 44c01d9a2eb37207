/**
 * What is wrong with the page it runs in: structure, names, and contrast by computed styles (WCAG 2.2: 1.1.1, 1.3.1,
 * 1.4.3, 1.4.10, 2.4.2, 3.1.1, 4.1.2). Sent to the page as a text, so it uses nothing from outside.
 */
export function audit(wide) {
  const problems = [];
  const mostOfAKind = 5;
  const counts = new Map();
  /** A kind, and what its words name: ../../reasons/check-words.ts has them. */
  const tell = (kind, data = {}) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count <= mostOfAKind) problems.push({ kind, data });
  };
  const nameOf = (element) => {
    const id = element.id ? `#${element.id}` : '';
    const classes = [...element.classList]
      .slice(0, 2)
      .map((name) => `.${name}`)
      .join('');
    return `<${element.localName}${id}${classes}>`;
  };
  const isVisible = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;

  const canvas = document.createElement('canvas');
  canvas.width = 1;
  canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const colours = new Map();
  /** Any colour of CSS as red, green, blue and alpha from 0 to 1: the canvas knows them all. */
  const colourOf = (text) => {
    const known = colours.get(text);
    if (known !== undefined) return known;
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    const colour = [red, green, blue, alpha / 255];
    colours.set(text, colour);
    return colour;
  };
  const over = (front, back) => {
    const alpha = front[3] + back[3] * (1 - front[3]);
    if (alpha === 0) return [0, 0, 0, 0];
    const mixed = [0, 1, 2].map(
      (part) => (front[part] * front[3] + back[part] * back[3] * (1 - front[3])) / alpha,
    );
    return [...mixed, alpha];
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrastOf = (a, b) => {
    const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (bright + 0.05) / (dark + 0.05);
  };
  /** What is behind a text; null where a picture is, which is not judged. */
  const backOf = (element) => {
    let back = [0, 0, 0, 0];
    for (let node = element; node !== null; node = node.parentElement) {
      const style = getComputedStyle(node);
      if (style.backgroundImage !== 'none') return null;
      back = over(back, colourOf(style.backgroundColor));
      if (back[3] > 0.99) return back;
    }
    return over(back, [255, 255, 255, 1]);
  };
  const opacityOf = (element) => {
    let opacity = 1;
    for (let node = element; node !== null; node = node.parentElement)
      opacity *= Number(getComputedStyle(node).opacity);
    return opacity;
  };

  const walker = document.createTreeWalker(document.body ?? document, NodeFilter.SHOW_TEXT);
  const judged = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element === null || walker.currentNode.data.trim() === '' || judged.has(element)) continue;
    judged.add(element);
    if (judged.size > 5000) break;
    if (/^(script|style|noscript|template|option|title)$/.test(element.localName) || !isVisible(element))
      continue;
    if (element.closest('[disabled], [aria-disabled="true"]') !== null) continue;
    const opacity = opacityOf(element);
    const back = backOf(element);
    if (back === null || opacity === 0) continue;
    const style = getComputedStyle(element);
    const [red, green, blue, alpha] = colourOf(style.color);
    const front = over([red, green, blue, alpha * opacity], back);
    const sizePixels = Number.parseFloat(style.fontSize);
    const large = sizePixels >= 24 || (sizePixels >= 18.66 && Number(style.fontWeight) >= 700);
    const least = large ? 3 : 4.5;
    const ratio = contrastOf(front, back);
    if (ratio < least - 0.005) {
      const text = walker.currentNode.data.trim().slice(0, 30);
      tell('contrast', { text, element: nameOf(element), ratio: ratio.toFixed(2), least });
    }
  }

  const page = document.documentElement;
  if (page.scrollWidth > innerWidth + 1) tell('width', { pixels: page.scrollWidth, window: innerWidth });
  if (!wide) return problems;

  if (!/^[a-z]{2,3}\b/i.test(page.lang)) tell('lang');
  if (document.title.trim() === '') tell('title');
  if (document.querySelectorAll('main, [role="main"]').length !== 1) tell('main');
  const headings = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(isVisible);
  if (headings.filter(({ localName }) => localName === 'h1').length !== 1) tell('h1');
  for (const [index, heading] of headings.entries()) {
    if (heading.textContent.trim() === '' && heading.querySelector('img[alt]:not([alt=""])') === null)
      tell('empty', { element: nameOf(heading) });
    const before = headings[index - 1];
    if (before !== undefined && Number(heading.localName[1]) > Number(before.localName[1]) + 1)
      tell('order', { from: before.localName, to: heading.localName });
  }
  for (const image of document.images)
    if (!image.hasAttribute('alt')) tell('alt', { element: nameOf(image) });
  const accessibleName = (element) =>
    (element.getAttribute('aria-label') ?? '').trim() ||
    (element.getAttribute('aria-labelledby') ?? '')
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join('')
      .trim() ||
    (element.getAttribute('title') ?? '').trim();
  for (const field of document.querySelectorAll('input, select, textarea')) {
    if (/^(hidden|submit|button|reset|image)$/.test(field.type) || !isVisible(field)) continue;
    const labelled = [...(field.labels ?? [])].some((label) => label.textContent.trim() !== '');
    if (!labelled && accessibleName(field) === '') tell('label', { element: nameOf(field) });
  }
  for (const control of document.querySelectorAll('button, a[href]')) {
    if (!isVisible(control)) continue;
    const pictures = [...control.querySelectorAll('img[alt], svg title')]
      .map((part) => part.getAttribute('alt') ?? part.textContent)
      .join('')
      .trim();
    if (control.textContent.trim() === '' && pictures === '' && accessibleName(control) === '')
      tell('name', { element: nameOf(control) });
  }
  const ids = new Set();
  for (const { id } of document.querySelectorAll('[id]')) {
    if (ids.has(id)) tell('id', { id: id.slice(0, 50) });
    ids.add(id);
  }
  return problems;
}
