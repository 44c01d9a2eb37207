import type { FaultDefinitions } from '#base/fault.ts';

export const authFaults = {
  'auth.invalid_credentials': {
    status: 401,
    detail: {
      en: 'User name or password is wrong.',
      de: 'Benutzername oder Passwort ist falsch.',
    },
    hint: {
      en: 'Check both; an administrator can set a new password.',
      de: 'Prüfen Sie beides; die Administration kann ein neues Passwort setzen.',
    },
  },
  'auth.refresh_invalid': {
    status: 401,
    detail: {
      en: 'This refresh token is not valid, or was used before.',
      de: 'Dieses Refresh-Token ist ungültig oder wurde schon verwendet.',
    },
    hint: { en: 'Sign in again.', de: 'Melden Sie sich neu an.' },
  },
  'auth.busy': {
    status: 503,
    detail: {
      en: 'Too many people sign in at this moment.',
      de: 'Im Moment melden sich zu viele Personen gleichzeitig an.',
    },
    hint: { en: 'Try again in a few seconds.', de: 'Versuchen Sie es in einigen Sekunden erneut.' },
  },
  'auth.username_taken': {
    status: 409,
    detail: {
      en: 'The user name {username} is taken.',
      de: 'Der Benutzername {username} ist vergeben.',
    },
    hint: { en: 'Choose another name.', de: 'Wählen Sie einen anderen Namen.' },
  },
  'auth.username_invalid': {
    status: 400,
    detail: {
      en: 'A user name has 2 to 64 letters (a to z), digits, dots, hyphens or underscores, and begins and ends with a letter or digit.',
      de: 'Ein Benutzername hat 2 bis 64 Buchstaben (a bis z), Ziffern, Punkte, Bindestriche oder Unterstriche und beginnt und endet mit einem Buchstaben oder einer Ziffer.',
    },
    hint: { en: 'Choose another name.', de: 'Wählen Sie einen anderen Namen.' },
  },
  'auth.password_too_short': {
    status: 400,
    detail: {
      en: 'The password has fewer than {minimum} characters.',
      de: 'Das Passwort hat weniger als {minimum} Zeichen.',
    },
    hint: {
      en: 'Take a sentence, or let a password manager make one.',
      de: 'Nehmen Sie einen Satz oder lassen Sie eines von einem Passwortmanager erzeugen.',
    },
  },
  'auth.password_too_long': {
    status: 400,
    detail: {
      en: 'The password has more than {maximum} characters.',
      de: 'Das Passwort hat mehr als {maximum} Zeichen.',
    },
    hint: { en: 'Choose a shorter one.', de: 'Wählen Sie ein kürzeres.' },
  },
  'auth.password_common': {
    status: 400,
    detail: {
      en: 'This password is among those that attackers try first.',
      de: 'Dieses Passwort gehört zu denen, die Angreifer zuerst versuchen.',
    },
    hint: {
      en: 'Take a sentence of your own, or let a password manager make one.',
      de: 'Nehmen Sie einen eigenen Satz oder lassen Sie eines von einem Passwortmanager erzeugen.',
    },
  },
  'auth.password_is_username': {
    status: 400,
    detail: {
      en: 'The password is the user name.',
      de: 'Das Passwort ist der Benutzername.',
    },
    hint: { en: 'Choose another password.', de: 'Wählen Sie ein anderes Passwort.' },
  },
  'auth.registration_closed': {
    status: 403,
    detail: {
      en: 'Nobody can register here by themselves.',
      de: 'Hier kann sich niemand selbst registrieren.',
    },
    hint: {
      en: 'Ask an administrator for an account.',
      de: 'Bitten Sie die Administration um ein Konto.',
    },
  },
  'auth.invite_needed': {
    status: 403,
    detail: {
      en: 'Registration needs an invitation code.',
      de: 'Zum Registrieren ist ein Einladungscode nötig.',
    },
    hint: {
      en: 'Ask an administrator for a code and send it as inviteCode.',
      de: 'Bitten Sie die Administration um einen Code und senden Sie ihn als inviteCode.',
    },
  },
  'auth.invite_invalid': {
    status: 403,
    detail: {
      en: 'This invitation code is unknown, used up or expired.',
      de: 'Dieser Einladungscode ist unbekannt, verbraucht oder abgelaufen.',
    },
    hint: { en: 'Ask for a new one.', de: 'Bitten Sie um einen neuen.' },
  },
  'auth.invite_unknown': {
    status: 404,
    detail: { en: 'There is no such invitation.', de: 'Diese Einladung gibt es nicht.' },
    hint: {
      en: 'GET /admin/invites lists those that work.',
      de: 'GET /admin/invites zeigt die gültigen.',
    },
  },
  'auth.user_unknown': {
    status: 404,
    detail: { en: 'There is no such user.', de: 'Dieses Konto gibt es nicht.' },
    hint: { en: 'GET /admin/users lists them.', de: 'GET /admin/users zeigt alle Konten.' },
  },
  'auth.last_admin': {
    status: 409,
    detail: {
      en: 'This is the last administrator, who can’t be demoted or deleted.',
      de: 'Dies ist das letzte Administrationskonto; es kann weder herabgestuft noch gelöscht werden.',
    },
    hint: {
      en: 'Make somebody else administrator first.',
      de: 'Geben Sie zuerst jemand anderem diese Rolle.',
    },
  },
  'auth.api_key_unknown': {
    status: 404,
    detail: { en: 'There is no such API key.', de: 'Diesen API-Schlüssel gibt es nicht.' },
    hint: { en: 'GET /auth/api-key lists yours.', de: 'GET /auth/api-key zeigt Ihre Schlüssel.' },
  },
  'auth.too_many_api_keys': {
    status: 409,
    detail: {
      en: 'You have {limit} API keys, which is the most allowed.',
      de: 'Sie haben {limit} API-Schlüssel; mehr sind nicht erlaubt.',
    },
    hint: { en: 'Revoke one that is not needed.', de: 'Widerrufen Sie einen nicht benötigten.' },
  },
  'auth.expiry_past': {
    status: 400,
    detail: {
      en: 'The expiry date has passed already.',
      de: 'Das Ablaufdatum liegt in der Vergangenheit.',
    },
    hint: { en: 'Give a later one.', de: 'Geben Sie ein späteres an.' },
  },
  'auth.session_unknown': {
    status: 404,
    detail: { en: 'There is no such session.', de: 'Diese Sitzung gibt es nicht.' },
    hint: { en: 'GET /auth/sessions lists yours.', de: 'GET /auth/sessions zeigt Ihre Sitzungen.' },
  },
  'auth.session_required': {
    status: 403,
    detail: {
      en: 'An API key can’t do this; it needs a signed-in session.',
      de: 'Mit einem API-Schlüssel geht das nicht; nötig ist eine angemeldete Sitzung.',
    },
    hint: { en: 'Sign in with user name and password.', de: 'Melden Sie sich mit Namen und Passwort an.' },
  },
} as const satisfies FaultDefinitions;
