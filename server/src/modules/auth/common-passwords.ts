/** Rows of keys as fingers walk them, on English and German keyboards, and the two natural orders. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  '1234567890-=',
  '1234567890ß´',
  'qwertyuiop[]',
  'qwertzuiopü+',
  "asdfghjkl;'",
  'asdfghjklöä',
  'zxcvbnm,./',
  'yxcvbnm,.-',
];

const walks = rows.flatMap((row) => [row, [...row].reverse().join('')]);

/** True for a run along a row ("qwertyuiop", "9876543210") and for a short unit over and over ("1212121212"). */
function isPattern(password: string): boolean {
  if (walks.some((walk) => (walk + walk).includes(password))) return true;
  for (let unit = 1; unit <= Math.min(6, password.length / 2); unit += 1) {
    const repeated = password.slice(0, unit).repeat(Math.ceil(password.length / unit));
    if (repeated.startsWith(password)) return true;
  }
  return false;
}

let longOnes: Promise<ReadonlySet<string>> | undefined;

/** Read when the first password is set, since few processes ever need it. */
function commonLongPasswords(minimumLength: number): Promise<ReadonlySet<string>> {
  longOnes ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => {
    const all: readonly unknown[] = dictionary['passwords-common'];
    return new Set(all.map(String).filter((word) => word.length >= minimumLength));
  });
  return longOnes;
}

/**
 * True for passwords that attackers try first, upper and lower case alike: the 49,000 most common of leaked
 * collections (@zxcvbn-ts/language-common, MIT), and the patterns that those lists leave to a rule.
 * @param minimumLength shorter passwords are refused anyway and are not looked up
 */
export async function isCommonPassword(password: string, minimumLength: number): Promise<boolean> {
  const folded = password.toLowerCase();
  return isPattern(folded) || (await commonLongPasswords(minimumLength)).has(folded);
}
