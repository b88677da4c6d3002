import { describe, expect, test } from "bun:test";
import { proxiedDevices } from "../../../src/gofer/proxied-devices.ts";
import { readSpec } from "../../../src/gofer/spec.ts";
import { successOf } from "./support/reason-of.ts";

const noFlags = { nvidia: false, tpu: false, rdma: false };

function specOf(devices: readonly string[], annotations: Readonly<Record<string, string>> = {}) {
  const document = {
    process: { args: ["true"] },
    root: { path: "rootfs" },
    annotations,
    linux: { devices: devices.map((path) => ({ path })) },
  };
  return successOf(readSpec(JSON.stringify(document), { bundle: "/bundle", allowRootfsTar: false }));
}

describe("proxiedDevices()", () => {
  test("leaves devices that the sandbox sees to itself", () => {
    const all = { nvidia: true, tpu: true, rdma: true };
    expect(proxiedDevices(specOf(["/dev/null", "/dev/fuse", "/dev/nvidiactl2", "/dev/nvidia-modeset"]), all)).toEqual(
      [],
    );
  });

  const nvidia = ["/dev/nvidia0", "/dev/nvidia-uvm"];
  test("gives NVIDIA's devices when a flag, an annotation or the control device asks for them", () => {
    expect(proxiedDevices(specOf(nvidia), noFlags)).toEqual([]);
    expect(proxiedDevices(specOf(nvidia), { ...noFlags, nvidia: true })).toEqual(nvidia);
    expect(proxiedDevices(specOf(nvidia, { "dev.gvisor.internal.nvproxy": "true" }), noFlags)).toEqual(nvidia);
    expect(proxiedDevices(specOf(nvidia, { "dev.gvisor.internal.nvproxy": "nonsense" }), noFlags)).toEqual([]);
    expect(proxiedDevices(specOf(["/dev/nvidiactl", ...nvidia]), noFlags)).toEqual(["/dev/nvidiactl", ...nvidia]);
  });

  test("gives a VFIO group and its container, but not the container alone", () => {
    expect(proxiedDevices(specOf(["/dev/vfio/vfio"]), noFlags)).toEqual([]);
    expect(proxiedDevices(specOf(["/dev/vfio/vfio", "/dev/vfio/12"]), noFlags)).toEqual([
      "/dev/vfio/vfio",
      "/dev/vfio/12",
    ]);
    expect(proxiedDevices(specOf(["/dev/vfio/vfio"], { "dev.gvisor.internal.tpuproxy": "1" }), noFlags)).toHaveLength(
      1,
    );
  });

  test("gives only those accelerators that are known", () => {
    const spec = specOf(["/dev/accel0", "/dev/accel1", "/dev/accel"]);
    expect(proxiedDevices(spec, noFlags, (number) => number === "1")).toEqual(["/dev/accel1"]);
    expect(proxiedDevices(specOf(["/dev/accel4294967295"]), noFlags)).toEqual([]);
  });

  test("gives RDMA devices by flag alone", () => {
    const spec = specOf(["/dev/infiniband/uverbs0", "/dev/infiniband/rdma_cm"]);
    expect(proxiedDevices(spec, noFlags)).toEqual([]);
    expect(proxiedDevices(spec, { ...noFlags, rdma: true })).toEqual(["/dev/infiniband/uverbs0"]);
  });
});
