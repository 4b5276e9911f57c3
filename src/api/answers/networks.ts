// What is answered about networks and volumes.
import {
  type AnswerSchema,
  dictionary,
  flag,
  labels,
  moment,
  nothing,
  orNull,
  pruned,
  rows,
  shape,
  text,
  texts,
  whole,
} from '#api/answers/shape.ts';

/** `80/tcp` → where it is published; null where it is exposed only. */
export const portMap = dictionary(orNull(rows(shape({ HostIp: text, HostPort: text }))));

/** A container's place on a network. */
export const endpoint = shape({
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: whole,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: whole,
  IPAMConfig: orNull(shape({}, { IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts })),
  Links: orNull(texts),
  Aliases: orNull(texts),
  MacAddress: text,
  DriverOpts: orNull(labels),
  GwPriority: whole,
  DNSNames: orNull(texts),
});

const pool = shape({}, { Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: labels });

const network = shape({
  Name: text,
  Id: text,
  Created: moment,
  Scope: text,
  Driver: text,
  EnableIPv4: flag,
  EnableIPv6: flag,
  IPAM: shape({ Driver: text, Options: orNull(labels), Config: orNull(rows(pool)) }),
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigFrom: shape({ Network: text }),
  ConfigOnly: flag,
  Containers: dictionary(
    shape({ Name: text, EndpointID: text, MacAddress: text, IPv4Address: text, IPv6Address: text }),
  ),
  Options: labels,
  Labels: labels,
});

export const volume = shape(
  {
    Name: text,
    Driver: text,
    Mountpoint: text,
    CreatedAt: moment,
    Labels: orNull(labels),
    Scope: text,
    Options: orNull(labels),
  },
  { UsageData: shape({ Size: whole, RefCount: whole }) },
);

export const networkAnswers: Readonly<Record<string, AnswerSchema>> = {
  'GET /networks': rows(network),
  'GET /networks/:id': network,
  'POST /networks/create': shape({ Id: text, Warning: text }),
  'POST /networks/prune': shape({ NetworksDeleted: texts }),
  'GET /volumes': shape({ Volumes: rows(volume), Warnings: orNull(texts) }),
  'POST /volumes/create': volume,
  'GET /volumes/:name': volume,
  'POST /volumes/prune': pruned('VolumesDeleted'),
  'GET /plugins': rows(nothing),
};
