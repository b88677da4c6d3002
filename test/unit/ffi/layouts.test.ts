import { describe, expect, test } from "bun:test";
import { layout } from "../../../ffi/layout.ts";
import * as structs from "../../../ffi/structs.ts";
import { hasCompiler, outputOfC } from "../support/c-program.ts";

/** The kernel's structure behind each layout, and the C name of each field. */
const inC: readonly (readonly [
  layoutName: keyof typeof structs,
  type: string,
  fields: Readonly<Record<string, string>>,
])[] = [
  ["iovecLayout", "struct iovec", { base: "iov_base", length: "iov_len" }],
  [
    "msghdrLayout",
    "struct msghdr",
    {
      name: "msg_name",
      nameLength: "msg_namelen",
      iov: "msg_iov",
      iovCount: "msg_iovlen",
      control: "msg_control",
      controlLength: "msg_controllen",
      flags: "msg_flags",
    },
  ],
  ["cmsghdrLayout", "struct cmsghdr", { length: "cmsg_len", level: "cmsg_level", type: "cmsg_type" }],
  ["timespecLayout", "struct timespec", { seconds: "tv_sec", nanoseconds: "tv_nsec" }],
  ["openHowLayout", "struct open_how", { flags: "flags", mode: "mode", resolve: "resolve" }],
  ["rlimitLayout", "struct rlimit", { current: "rlim_cur", maximum: "rlim_max" }],
  ["capabilityHeaderLayout", "struct __user_cap_header_struct", { version: "version", pid: "pid" }],
  [
    "capabilityDataLayout",
    "struct __user_cap_data_struct",
    { effective: "effective", permitted: "permitted", inheritable: "inheritable" },
  ],
  ["pollfdLayout", "struct pollfd", { fd: "fd", events: "events", revents: "revents" }],
  ["epollEventLayout", "struct epoll_event", { events: "events", data: "data" }],
  ["fileOwnerLayout", "struct f_owner_ex", { type: "type", pid: "pid" }],
  [
    "statfsLayout",
    "struct statfs",
    {
      type: "f_type",
      blockSize: "f_bsize",
      blocks: "f_blocks",
      blocksFree: "f_bfree",
      blocksAvailable: "f_bavail",
      files: "f_files",
      filesFree: "f_ffree",
      fsidLow: "f_fsid",
      nameLength: "f_namelen",
      fragmentSize: "f_frsize",
      flags: "f_flags",
    },
  ],
  [
    "mountAttrLayout",
    "struct mount_attr",
    { set: "attr_set", clear: "attr_clr", propagation: "propagation", userNamespace: "userns_fd" },
  ],
  [
    "statxLayout",
    "struct statx",
    {
      attributes: "stx_attributes",
      attributesMask: "stx_attributes_mask",
      devMajor: "stx_dev_major",
      devMinor: "stx_dev_minor",
    },
  ],
  // Without the padding behind the name, whose size C cannot know.
  ["direntLayout", "struct dirent64", { ino: "d_ino", off: "d_off", recordBytes: "d_reclen", type: "d_type" }],
];

const layouts = { ...structs };

const headers = [
  "fcntl.h",
  "dirent.h",
  "poll.h",
  "sys/uio.h",
  "sys/socket.h",
  "sys/epoll.h",
  "sys/mount.h",
  "sys/resource.h",
  "sys/stat.h",
  "sys/vfs.h",
  "linux/capability.h",
  "linux/openat2.h",
];

describe.skipIf(!hasCompiler)("the layouts of kernel structures", () => {
  test("are those of C", () => {
    const main = inC.flatMap(([layoutName, type, fields]) => [
      ...Object.entries(fields).map(
        ([field, name]) => `printf("${layoutName}.${field} %zu\\n", offsetof(${type}, ${name}));`,
      ),
      layoutName === "direntLayout"
        ? `printf("${layoutName}.bytes %zu\\n", offsetof(${type}, d_name));`
        : `printf("${layoutName}.bytes %zu\\n", sizeof(${type}));`,
    ]);
    const preamble = headers.map((header) => `#include <${header}>`).join("\n");
    const ours = inC.flatMap(([layoutName, , fields]) => {
      const offsets: Readonly<Record<string, unknown>> = { ...layouts[layoutName] };
      return [...Object.keys(fields), "bytes"].map((field) => `${layoutName}.${field} ${offsets[field]}`);
    });
    expect(ours).toEqual(outputOfC(preamble, main.join("\n")).trim().split("\n"));
  });
});

describe("layouts that no C library header has", () => {
  test("struct futex_waitv is 24 bytes: value, address, flags, reserved", () => {
    expect(structs.futexWaitvLayout).toEqual({ expected: 0, address: 8, flags: 16, reserved: 20, bytes: 24 });
  });

  test("the kernel's struct sigaction is 32 bytes, with a restorer on each architecture", () => {
    expect(structs.sigactionLayout).toEqual({ handler: 0, flags: 8, restorer: 16, mask: 24, bytes: 32 });
  });
});

describe("layout()", () => {
  test("aligns each field to its size and the whole to its widest field", () => {
    expect(layout({ a: "u8", b: "u32", c: "u16", d: "u64", e: "u8" })).toEqual({
      a: 0,
      b: 4,
      c: 8,
      d: 16,
      e: 24,
      bytes: 32,
    });
  });

  test("leaves alignment out of packed structures", () => {
    expect(layout({ a: "u8", b: "u32", c: "u64" }, { packed: true })).toEqual({ a: 0, b: 1, c: 5, bytes: 13 });
  });
});
