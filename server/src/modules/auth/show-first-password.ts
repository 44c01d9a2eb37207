/**
 * Tells whoever starts the platform for the first time the password that was made, on the terminal and never in the
 * log: log files live longer and are read by more people.
 */
export function showFirstPassword(made: { username: string; password: string; file: string }): void {
  const { username, password, file } = made;
  process.stdout.write(
    [
      '',
      `First start: sign in as ${username} with the password ${password}`,
      `Erster Start: Melden Sie sich als ${username} mit dem Passwort ${password} an`,
      `Shown once; kept in / Nur einmal angezeigt; steht in: ${file}`,
      '',
      '',
    ].join('\n'),
  );
}
