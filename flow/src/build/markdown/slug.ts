/**
 * A heading's anchor as GitHub makes it: lower case, letters, digits, `-` and `_` kept, blanks to `-`, numbered when
 * taken. `taken` remembers the anchors of a page.
 */
export function uniqueSlug(text: string, taken: Map<string, number>): string {
  const slug = text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
  let count = taken.get(slug);
  if (count === undefined) {
    taken.set(slug, 0);
    return slug;
  }
  // "Setup", "Setup 1", "Setup": the third must not take the anchor of the second.
  do count += 1;
  while (taken.has(`${slug}-${count}`));
  taken.set(slug, count);
  taken.set(`${slug}-${count}`, 0);
  return `${slug}-${count}`;
}
