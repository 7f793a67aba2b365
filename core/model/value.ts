// Plain data as it travels through the house: JSON values and the values that policies read.

/** Any JSON value, read only. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object, read only. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** What an attribute may resolve to; null is "absent" and only optional attributes may be it. */
export type Value = Json
