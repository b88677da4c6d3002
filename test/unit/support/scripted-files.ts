import type { ByteString } from "../../../ffi/byte-string.ts";
import { O_RDWR, S_IFDIR, S_IFLNK, S_IFREG, S_IFSOCK } from "../../../ffi/linux.ts";
import type { SampleFds } from "./sample-requests.ts";
import type { ScriptedServer } from "./scripted-server.ts";

/** Mounts and opens one FD of each kind. */
export function openEachKind(server: ScriptedServer, client = server.client): SampleFds {
  const directory = server.mount(client);
  const file = server.walk(client, directory, ["file"], S_IFREG | 0o644);
  const link = server.walk(client, directory, ["link"], S_IFLNK | 0o777);
  const socket = server.walk(client, directory, ["socket"], S_IFSOCK | 0o755);
  const walked = server.walk(client, directory, ["directory"], S_IFDIR | 0o755);
  const openFile = client.expect("openAt", { fd: file, flags: O_RDWR }).openFd;
  const openDirectory = client.expect("openAt", { fd: walked, flags: 0 }).openFd;
  const bound = { dirFd: directory, uid: 0, gid: 0, mode: 0, sockType: 1, name: "bound" as ByteString };
  const boundSocket = client.expect("bindAt", bound).boundSocketFd;
  server.script.calls.length = 0;
  return { directory, file, link, socket, openFile, openDirectory, boundSocket };
}
