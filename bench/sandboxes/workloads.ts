/**
 * What programs in a sandbox do. The scripts run in /data, which is writable and empty, with /input read-only, which holds
 * what input.ts makes. The clock runs for `work` only.
 */
export interface Workload {
  readonly name: string;
  /** Programs of the host that it needs. */
  readonly programs: readonly string[];
  readonly prepare: string;
  readonly work: string;
}

const readTree = "find /input/tree -type f -exec cat {} + > /dev/null";

export const workloads: readonly Workload[] = [
  { name: "small files, first walk", programs: ["find"], prepare: "", work: readTree },
  { name: "small files, walked again", programs: ["find"], prepare: readTree, work: readTree },
  {
    name: "git clone",
    programs: ["git"],
    prepare: "git config --global safe.directory '*'",
    work: "git clone --quiet --no-local /input/repository clone",
  },
  {
    name: "tar, unpack and pack",
    programs: ["tar"],
    prepare: "mkdir tree",
    work: "tar -C tree -xf /input/tree.tar && tar -cf tree.tar tree",
  },
  {
    name: "sqlite, transactions",
    programs: ["sqlite3"],
    prepare: "",
    work: "sqlite3 test.db < /input/transactions.sql",
  },
  {
    name: "fio, random 4 KiB reads and writes",
    programs: ["fio"],
    prepare: "dd if=/dev/zero of=file bs=1M count=16 status=none",
    work:
      "fio --name=job --filename=file --size=16m --rw=randrw --bs=4k --ioengine=psync --randseed=7 --loops=4 --thread" +
      " --output=report",
  },
  {
    name: "packages, unpack and rename",
    programs: ["tar"],
    prepare: "mkdir node_modules",
    work:
      'for package in /input/packages/*; do mkdir new && tar -xzf "$package" -C new' +
      ' && mv new "node_modules/$(basename "$package" .tgz)"; done',
  },
  {
    name: "compile and link",
    programs: ["gcc"],
    prepare: "",
    work: "for file in /input/sources/*.c; do gcc -O1 -c $file; done; gcc -o program *.o",
  },
];
