import { objectSchema } from '../core/schema.ts';

/** The section `purge` of flow.config.ts. */
export const purgeSchema = objectSchema({});
