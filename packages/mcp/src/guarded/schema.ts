/** Any Standard Schema, by its shape: the two SDKs have types of their own for it. */
export interface AnySchema<Output = unknown> {
  /** The schema's interface by version 1 of Standard Schema. `types` exists for the compiler only. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema's parsing gives. */
export type OutputOf<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : unknown

/** A result of `tools/call`, as both SDKs take it. */
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
  /** Name of the tool for people. The tool's own `title` comes first. */
  title?: string
  /** The tool changes nothing. Clients take `false` where it is absent. */
  readOnlyHint?: boolean
  /** The tool may delete or overwrite. Clients take `true` where it is absent. */
  destructiveHint?: boolean
  /** A second call with the same input changes nothing more. Clients take `false` where it is absent. */
  idempotentHint?: boolean
  /** The tool reaches systems outside of the server, such as the web. Clients take `true` where it is absent. */
  openWorldHint?: boolean
}
