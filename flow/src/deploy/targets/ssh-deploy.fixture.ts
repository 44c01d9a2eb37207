import { targetDependencies } from '../../testing/release.ts';
import { readLocalRelease } from '../release.ts';
import { createSshTarget } from './ssh.ts';

/** A deploy over SSH in a process of its own, for the test that kills it: `<root> <release folder> <target as JSON>`. */
const [, , root = '', dir = '', config = ''] = process.argv;
await createSshTarget(JSON.parse(config), targetDependencies(root)).deploy(await readLocalRelease(dir));
