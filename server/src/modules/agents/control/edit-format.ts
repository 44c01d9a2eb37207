import type { EditFormat } from './edits.ts';

const formats: readonly EditFormat[] = ['whole', 'searchReplace', 'diff'];

/** Lines of `model=format`, parted by commas or line breaks; a star in a model's name stands for any letters. */
export function parseEditFormats(
  text: string,
): { readonly model: RegExp; readonly format: EditFormat }[] | null {
  const parsed: { model: RegExp; format: EditFormat }[] = [];
  for (const entry of text.split(/[,\n]/).filter((part) => part.trim() !== '')) {
    const [name = '', wanted = '', ...more] = entry.split('=').map((part) => part.trim());
    const format = formats.find((known) => known === wanted);
    if (name === '' || format === undefined || more.length > 0) return null;
    const pattern = name
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    parsed.push({ model: new RegExp(`^${pattern}$`), format });
  }
  return parsed;
}

/** The format that was set for a model; null when none was. The first entry that fits counts. */
export function editFormatFor(setting: string, model: string): EditFormat | null {
  return parseEditFormats(setting)?.find((entry) => entry.model.test(model))?.format ?? null;
}
