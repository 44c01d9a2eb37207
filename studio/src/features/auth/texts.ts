export const authTexts = {
  en: {
    signIn: 'Sign in',
    register: 'Create an account',
    promise: 'Your code, models and conversations stay on this server.',
    username: 'User name',
    password: 'Password',
    inviteCode: 'Invitation code',
    passwordHint: (length: number) => `At least ${length} characters.`,
    toRegister: 'Create an account',
    toSignIn: 'Sign in instead',
    firstRun: (name: string, file: string) =>
      `First start: sign in as ${name}; the password is in ${file} in the data folder.`,
    ownServer: 'your own server',
    steps: [
      ['You write', 'Files live in a git repository from the first moment; no save is lost.'],
      ['It runs in a sandbox', 'No network, no view of the server, and a limit on everything.'],
      ['You see what happened', 'Live output, and the name of the limit that ended a run.'],
    ],
  },
  de: {
    signIn: 'Anmelden',
    register: 'Konto anlegen',
    promise: 'Ihr Code, Ihre Modelle und Gespräche bleiben auf diesem Server.',
    username: 'Benutzername',
    password: 'Passwort',
    inviteCode: 'Einladungscode',
    passwordHint: (length: number) => `Mindestens ${length} Zeichen.`,
    toRegister: 'Konto anlegen',
    toSignIn: 'Stattdessen anmelden',
    firstRun: (name: string, file: string) =>
      `Erster Start: Melden Sie sich als ${name} an; das Passwort steht in ${file} im Datenordner.`,
    ownServer: 'Ihr eigener Server',
    steps: [
      ['Sie schreiben', 'Dateien liegen vom ersten Moment an in einem Git-Repository; nichts geht verloren.'],
      ['Es läuft in einer Sandbox', 'Ohne Netz, ohne Blick auf den Server, mit Grenzen für alles.'],
      ['Sie sehen, was geschah', 'Ausgabe live, und der Name der Grenze, die einen Lauf beendet hat.'],
    ],
  },
};
