/** @file Event messages as TensorBoard reads them; the numbers of fields are those of its .proto files. */

import {
  bytesField,
  concatenate,
  doubleField,
  floatField,
  varintField,
} from '../../formats/protobuf/writer.js';

/** Fields of `Event` in event.proto. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
/** Fields of `Summary`, `Summary.Value` and `SummaryMetadata` in summary.proto. */
const SUMMARY = { value: 1 } as const;
const VALUE = { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 } as const;
const METADATA = { pluginData: 1 } as const;
const PLUGIN_DATA = { pluginName: 1 } as const;
/** Fields of `TensorProto` in tensor.proto, and the number of strings in types.proto. */
const TENSOR = { type: 1, shape: 2, strings: 8 } as const;
const DT_STRING = 7;
/** `SessionLog` in event.proto. */
const SESSION_LOG = { status: 1 } as const;
const SESSION_START = 1;

/** When something happened: seconds since 1970, and the training step. */
export interface EventTime {
  readonly wallTimeSeconds: number;
  readonly step: number;
}

/** The first event of every file. */
export function fileVersionEvent(wallTimeSeconds: number): Uint8Array {
  return concatenate(
    doubleField(EVENT.wallTime, wallTimeSeconds),
    bytesField(EVENT.fileVersion, 'brain.Event:2'),
  );
}

/** Says that training starts at this step: readers drop what files before this one say of it and of later steps. */
export function sessionStartEvent(time: EventTime): Uint8Array {
  return event(time, bytesField(EVENT.sessionLog, varintField(SESSION_LOG.status, SESSION_START)));
}

export function scalarEvent(time: EventTime, tag: string, value: number): Uint8Array {
  return summaryEvent(time, bytesField(VALUE.tag, tag), floatField(VALUE.simpleValue, value));
}

/** A text, which TensorBoard shows as Markdown. */
export function textEvent(time: EventTime, tag: string, text: string): Uint8Array {
  const metadata = bytesField(METADATA.pluginData, bytesField(PLUGIN_DATA.pluginName, 'text'));
  const tensor = concatenate(
    varintField(TENSOR.type, DT_STRING),
    bytesField(TENSOR.shape, ''),
    bytesField(TENSOR.strings, text),
  );
  return summaryEvent(
    time,
    bytesField(VALUE.tag, tag),
    bytesField(VALUE.metadata, metadata),
    bytesField(VALUE.tensor, tensor),
  );
}

function summaryEvent(time: EventTime, ...valueFields: readonly Uint8Array[]): Uint8Array {
  const summary = bytesField(SUMMARY.value, concatenate(...valueFields));
  return event(time, bytesField(EVENT.summary, summary));
}

function event(time: EventTime, content: Uint8Array): Uint8Array {
  return concatenate(
    doubleField(EVENT.wallTime, time.wallTimeSeconds),
    varintField(EVENT.step, time.step),
    content,
  );
}
