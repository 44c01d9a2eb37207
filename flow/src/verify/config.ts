import { objectSchema } from '../core/schema.ts';

/** The section `verify` of flow.config.ts. */
export const verifySchema = objectSchema({});
