import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { rateSection } from '../http/rate-config.ts';

/** The user's data folder by the conventions of the platform (XDG on Linux). */
export function defaultDataDir(): string {
  const home = homedir();
  if (process.platform === 'darwin')
    return path.join(home, 'Library', 'Application Support', 'cyberdevstudio');
  const base = process.env.XDG_DATA_HOME ?? path.join(home, '.local', 'share');
  return path.join(base, 'cyberdevstudio');
}

/** What the kernel itself is configured by; each module adds its own section. */
export const platformSections = {
  platform: z.object({
    dataDir: z
      .string()
      .default(defaultDataDir)
      .describe('Folder of everything the platform stores')
      .meta({ env: 'CDS_DATA_DIR' }),
    databaseUrl: z
      .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// address' })
      .optional()
      .describe('A PostgreSQL server (15 or later) instead of the embedded one')
      .meta({ env: 'DATABASE_URL' }),
    databaseConnections: z
      .int()
      .min(2)
      .max(200)
      .default(10)
      .describe('Most connections of one process')
      .meta({ env: 'CDS_DATABASE_CONNECTIONS' }),
    redisUrl: z
      .url({ protocol: /^rediss?$/, error: 'must be a redis:// address' })
      .optional()
      .describe('Redis or Valkey for limits and event fan-out across replicas')
      .meta({ env: 'REDIS_URL' }),
    secretKey: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits: openssl rand -hex 32')
      .optional()
      .describe('Master key of the installation; without it one is kept in the data folder')
      .meta({ env: 'CDS_SECRET_KEY' }),
  }),
  http: z.object({
    host: z.string().default('127.0.0.1').describe('Address to listen on').meta({ env: 'CDS_HOST' }),
    port: z
      .int()
      .min(0)
      .max(65535)
      .default(6711)
      .describe('Port of the one-process form')
      .meta({ env: 'CDS_PORT' }),
    publicUrl: z.url().optional().describe('The address that users type, when a proxy stands in front'),
    allowedHosts: z
      .array(z.string())
      .default([])
      .describe('Host names accepted besides localhost and addresses'),
    allowedOrigins: z.array(z.string()).default([]).describe('Foreign origins that may call the API (CORS)'),
    trustProxy: z.boolean().default(false).describe('Believe X-Forwarded-* of the proxy in front'),
    insecure: z.boolean().default(false).describe('Allow listening beyond this machine without TLS'),
    bodyLimitBytes: z
      .int()
      .min(1024)
      .default(8 * 1024 * 1024)
      .describe('Largest request body'),
  }),
  rate: rateSection,
  log: z.object({
    level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    format: z.enum(['json', 'pretty', 'auto']).default('auto').describe('auto: pretty on a terminal'),
    file: z.boolean().default(true).describe('Also write <data folder>/logs, rotated'),
    maxFileBytes: z
      .int()
      .min(4096)
      .default(100 * 1024 * 1024)
      .describe('Size at which a log file is rotated'),
    maxFiles: z.int().min(1).default(10).describe('Rotated log files that are kept'),
  }),
} as const;
