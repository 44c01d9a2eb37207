import { objectSchema } from '../core/schema.ts';

/** The section `checks` of flow.config.ts. */
export const checksSchema = objectSchema({});
