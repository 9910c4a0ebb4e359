/** Any Standard Schema, by its shape: the two SDKs have different types for it. */
export interface AnySchema<Output = unknown> {
  /** The schema's interface by version 1 of Standard Schema. `types` exists for the compiler only. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** The output of a schema. */
export type OutputOf<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : unknown

/** A result of `tools/call`, as both SDKs accept it. */
export interface ToolResult {
  content: ContentBlock[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
  _meta?: Record<string, unknown>
  [field: string]: unknown
}

type ContentBlock =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource_link'; uri: string; name: string }
  | { type: 'resource'; resource: { uri: string; text: string } | { uri: string; blob: string } }

/** Hints for clients; they promise nothing. */
export interface ToolHints {
  /** Display name of the tool. The tool's own `title` has precedence. */
  title?: string
  /** The tool changes nothing. Absent: clients assume `false`. */
  readOnlyHint?: boolean
  /** The tool may delete or overwrite. Absent: clients assume `true`. */
  destructiveHint?: boolean
  /** A second call with the same input changes nothing more. Absent: clients assume `false`. */
  idempotentHint?: boolean
  /** The tool reaches systems outside the server, such as the web. Absent: clients assume `true`. */
  openWorldHint?: boolean
}
