// Progress that a person can follow, in the language of the terminal.

const language = /^de/i.test(process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '')
  ? 'de'
  : 'en';

/** Prints one line in the reader's language. */
export function say(text) {
  process.stdout.write(`${text[language]}\n`);
}

/** Prints what went wrong and what helps, and ends the process. */
export function stop(text, exitCode = 1) {
  process.stderr.write(`\n${text[language]}\n`);
  process.exit(exitCode);
}
