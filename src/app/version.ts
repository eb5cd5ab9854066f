import manifest from '../../package.json'

/** Semantic version of the product, as in package.json. */
export const version: string = manifest.version
