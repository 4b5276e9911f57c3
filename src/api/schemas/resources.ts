// Schemas of a container's limits: what create and update share.
import { filled, flag, list, object, oneOfOr, text, whole } from '#api/wire/schema.ts';

const weightDevices = list(filled(['Path', 'Weight'], { Path: text, Weight: whole }));
const throttleDevices = list(filled(['Path', 'Rate'], { Path: text, Rate: whole }));

export const restartPolicy = filled(['Name'], {
  Name: oneOfOr(
    "invalid restart policy: unknown policy '%'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    '',
    'no',
    'always',
    'unless-stopped',
    'on-failure',
  ),
  MaximumRetryCount: whole,
});

const device = filled(['PathOnHost', 'PathInContainer', 'CgroupPermissions'], {
  PathOnHost: text,
  PathInContainer: text,
  CgroupPermissions: text,
});

export const ulimit = filled(['Name', 'Soft', 'Hard'], { Name: text, Soft: whole, Hard: whole });

/** Memory in bytes, CPU periods and quotas in microseconds. */
export const resources = {
  CpuShares: whole,
  Memory: whole,
  NanoCpus: whole,
  CgroupParent: text,
  BlkioWeight: whole,
  BlkioWeightDevice: weightDevices,
  BlkioDeviceReadBps: throttleDevices,
  BlkioDeviceWriteBps: throttleDevices,
  BlkioDeviceReadIOps: throttleDevices,
  BlkioDeviceWriteIOps: throttleDevices,
  CpuPeriod: whole,
  CpuQuota: whole,
  CpuRealtimePeriod: whole,
  CpuRealtimeRuntime: whole,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: list(device),
  DeviceCgroupRules: list(text),
  DeviceRequests: list(
    object({ Driver: text, Count: whole, DeviceIDs: list(text), Capabilities: list(list(text)) }),
  ),
  MemoryReservation: whole,
  MemorySwap: whole,
  MemorySwappiness: whole,
  OomKillDisable: flag,
  PidsLimit: whole,
  Ulimits: list(ulimit),
} as const;

export const containerUpdate = object({ ...resources, RestartPolicy: restartPolicy });
