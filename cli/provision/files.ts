// The files of a bundle as data: what each holds and who may read it. `write.ts` puts them into a folder, `archive.ts` into an archive.

/** A file: its text, or the file or folder that it is a copy of, or where a link leads, or what is worked out when it is written. */
export type Content =
  | { readonly text: string }
  | { readonly copyOf: string }
  | { readonly linkTo: string }
  | { readonly made: () => Promise<Uint8Array> }

export interface BundleFile {
  /** Relative to the bundle, or to the root file system that it is for. */
  readonly path: string
  readonly content: Content
  /** Holds a secret: for its owner alone. */
  readonly isSecret?: boolean
}

export function below(folder: string, files: readonly BundleFile[]): BundleFile[] {
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }))
}
