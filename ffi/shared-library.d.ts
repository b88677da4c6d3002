/** A shared library imported `with { type: "file" }`: the path that its bytes can be read from. */
declare module "*.so.2" {
  const path: string;
  // biome-ignore lint/style/noDefaultExport: it is what importing a file gives.
  export default path;
}
