// Schemas of what clients send about networks.
import { flag, list, mapOf, object, orNull, text, whole } from '#api/wire/schema.ts';

export const endpointSettings = object({
  IPAMConfig: object({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: list(text) }),
  Links: list(text),
  MacAddress: text,
  Aliases: list(text),
  DriverOpts: mapOf(text),
  GwPriority: whole,
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: whole,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: whole,
  DNSNames: list(text),
});

export const networkingConfig = object({ EndpointsConfig: mapOf(orNull(endpointSettings)) });

export const networkCreate = object({
  Name: text,
  CheckDuplicate: flag,
  Driver: text,
  Scope: text,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: object({ Network: text }),
  EnableIPv4: flag,
  EnableIPv6: flag,
  IPAM: object({
    Driver: text,
    Options: mapOf(text),
    Config: list(
      object({
        Subnet: text,
        IPRange: text,
        Gateway: text,
        AuxiliaryAddresses: mapOf(text),
        AuxAddress: mapOf(text),
      }),
    ),
  }),
  Options: mapOf(text),
  Labels: mapOf(text),
});

export const networkConnect = object({ Container: text, EndpointConfig: endpointSettings });

export const networkDisconnect = object({ Container: text, Force: flag });
