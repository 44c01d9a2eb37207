import type { z } from 'zod';
import type { Client } from '#base/contract.ts';
import type { Publish } from '#kernel/module.ts';
import type { ledgerContract } from '#modules/ledger/contract.ts';
import type { authContract } from './contract.ts';
import type * as shapes from './contract-shapes.ts';

export type AdminUser = z.output<typeof shapes.AdminUser>;
export type ApiKey = z.output<typeof shapes.ApiKey>;
export type Invite = z.output<typeof shapes.Invite>;
export type PublicKey = z.output<typeof shapes.PublicKey>;
export type Session = z.output<typeof shapes.Session>;
export type SignedIn = z.output<typeof shapes.SignedIn>;
export type TokenPair = z.output<typeof shapes.TokenPair>;
export type User = z.output<typeof shapes.User>;

export type PublishAuth = Publish<typeof authContract>;
export type LedgerClient = Pick<Client<typeof ledgerContract>, 'call'>;
