/** Filled in by the build from package.json. */
declare const PAYLOAD_LINK_VERSION: string;

export const version = PAYLOAD_LINK_VERSION;
