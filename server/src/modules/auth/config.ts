import { z } from 'zod';

/** Settings of accounts and sign-in; each is an environment variable too. */
export const authConfig = z.object({
  registration: z
    .enum(['open', 'invite', 'closed'])
    .default('open')
    .describe('Who may register: anybody, whoever has an invitation code, or nobody')
    .meta({ env: 'CDS_REGISTRATION' }),
  adminPassword: z
    .string()
    .optional()
    .describe('Password of the first administrator; without it one is made at the first start')
    .meta({ env: 'CDS_ADMIN_PASSWORD' }),
  accessTokenSeconds: z
    .int()
    .min(30)
    .max(86_400)
    .default(900)
    .describe('Life of an access token; a day at most'),
  sessionDays: z.int().min(1).max(365).default(30).describe('Days without use after which a session ends'),
  keyRotationDays: z.int().min(2).max(365).default(30).describe('Age at which the signing key is replaced'),
  startingTokens: z
    .int()
    .min(0)
    .max(1_000_000_000_000)
    .default(1_000_000)
    .describe('Token balance of a new user'),
  signInsPerUser: z
    .int()
    .min(1)
    .max(1_000)
    .default(8)
    .describe('Wrong passwords for one user name before delays begin to grow'),
  signInsPerAddress: z
    .int()
    .min(1)
    .max(100_000)
    .default(40)
    .describe('Wrong passwords from one address before delays begin to grow'),
  registrationsPerAddress: z
    .int()
    .min(1)
    .max(100_000)
    .default(60)
    .describe('Registrations from one address before delays begin to grow'),
});
