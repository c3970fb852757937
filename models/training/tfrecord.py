"""TFRecord files of tf.train.Example, read and written without TensorFlow.

A record is: uint64 length, masked CRC-32C of those 8 bytes, the payload, masked CRC-32C of the payload (all little
endian). A payload is a protobuf tf.train.Example: field 1 (Features) holds map entries (field 1), each a key (field 1)
and a Feature (field 2) that is a bytes list (1), a float list (2) or an int64 list (3).

Triplets as `dataset triplets FOLDER -o DIR` writes them (triplets-00000.tfrecord, ...):
`frame0`, `frame1`, `frame2` (height*width*3 uint8 R'G'B', rows first; frame1 is the one between), `height`, `width`,
`source` (file name), `index` (number of the middle frame), `motion` (mean length of the flow frame0 -> frame2, pixels).
"""

import glob
import os
import struct
from dataclasses import dataclass

import numpy as np

_POLY = 0x82F63B78  # Castagnoli, reflected
_LANES = 2048


def _table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLY), table >> 1).astype(np.uint32)
    return table


_TABLE = _table()
_SHIFTS = {}


def _shift_tables(zeros):
    """Four 256-entry tables that carry a CRC over `zeros` zero bytes."""
    if zeros not in _SHIFTS:
        crc = (np.uint32(1) << np.arange(32, dtype=np.uint32)).astype(np.uint32)
        for _ in range(zeros):
            crc = _TABLE[crc & 255] ^ (crc >> 8)
        tables = np.zeros((4, 256), np.uint32)
        for bit in range(32):
            has = (np.arange(256) >> (bit % 8)) & 1
            tables[bit // 8] ^= np.where(has, crc[bit], 0).astype(np.uint32)
        _SHIFTS[zeros] = tables
    return _SHIFTS[zeros]


def _shift(crc, zeros):
    t = _shift_tables(zeros)
    return t[0][crc & 255] ^ t[1][(crc >> 8) & 255] ^ t[2][(crc >> 16) & 255] ^ t[3][crc >> 24]


def crc32c(data):
    """CRC-32C of bytes. Long inputs are cut into equal lanes that are walked together, then joined in pairs."""
    raw = np.frombuffer(data, np.uint8)
    if raw.size < 4096:
        crc = 0xFFFFFFFF
        for byte in data:
            crc = int(_TABLE[(crc ^ byte) & 255]) ^ (crc >> 8)
        return crc ^ 0xFFFFFFFF
    step = -(-raw.size // _LANES)
    lanes = np.zeros(step * _LANES, np.uint8)  # zeros in front leave a CRC that starts at 0 as it is
    lanes[-raw.size :] = raw
    lanes[-raw.size : -raw.size + 4] ^= 255  # the same as starting at 0xFFFFFFFF
    columns = np.ascontiguousarray(lanes.reshape(_LANES, step).T)
    crc = np.zeros(_LANES, np.uint32)
    for column in columns:
        crc = _TABLE[(crc ^ column) & 255] ^ (crc >> 8)
    while crc.size > 1:
        crc = _shift(crc[0::2], step) ^ crc[1::2]
        step *= 2
    return int(crc[0]) ^ 0xFFFFFFFF


def masked_crc(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def read_records(path):
    """Yields the payloads of one file. ValueError names file and offset where a length or a checksum is wrong."""
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        at = 0
        while at < size:
            head = file.read(12)
            if len(head) < 12:
                raise ValueError(f'{path}: the file ends inside a record head at {at}')
            length, check = struct.unpack('<QI', head)
            if masked_crc(head[:8]) != check:
                raise ValueError(f'{path}: checksum of the length at {at} is wrong')
            if at + 16 + length > size:
                raise ValueError(f'{path}: the record at {at} is longer than the file')
            payload = file.read(length)
            if masked_crc(payload) != struct.unpack('<I', file.read(4))[0]:
                raise ValueError(f'{path}: checksum of the record at {at} is wrong')
            yield payload
            at += 16 + length


def write_records(path, payloads):
    with open(path, 'wb') as file:
        for payload in payloads:
            head = struct.pack('<Q', len(payload))
            file.write(head + struct.pack('<I', masked_crc(head)) + payload + struct.pack('<I', masked_crc(payload)))


def _varint(buf, at):
    value = shift = 0
    while True:
        byte = buf[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError('a varint is longer than ten bytes')


def _fields(buf):
    """Yields (field number, wire type, value) of a message; length-delimited values are memoryviews."""
    at = 0
    while at < len(buf):
        tag, at = _varint(buf, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(buf, at)
        elif wire in (1, 2, 5):
            length = {1: 8, 5: 4}.get(wire)
            if length is None:
                length, at = _varint(buf, at)
            if at + length > len(buf):
                raise ValueError('a field is longer than its message')
            value = buf[at : at + length]
            at += length
        else:
            raise ValueError(f'wire type {wire} is not of tf.train.Example')
        yield tag >> 3, wire, value


def _feature(buf):
    for kind, _, body in _fields(buf):
        values = []
        for number, wire, value in _fields(body):
            if number != 1:
                continue
            if kind == 1:
                values.append(bytes(value))
            elif kind == 2:
                values.extend(struct.unpack(f'<{len(value) // 4}f', value))
            elif wire == 0:
                values.append(value)
            else:
                at = 0
                while at < len(value):
                    one, at = _varint(value, at)
                    values.append(one)
        if kind == 3:
            values = [v - (1 << 64) if v >> 63 else v for v in values]
        return values
    return []


def parse_example(payload):
    """dict of feature name -> list of bytes, floats or ints."""
    out = {}
    for number, _, features in _fields(memoryview(payload)):
        if number != 1:
            continue
        for inner, _, entry in _fields(features):
            if inner != 1:
                continue
            parts = {n: v for n, _, v in _fields(entry)}
            out[bytes(parts[1]).decode()] = _feature(parts[2]) if 2 in parts else []
    return out


def _enc_varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _enc(number, body):
    return _enc_varint(number << 3 | 2) + _enc_varint(len(body)) + body


def build_example(features):
    """The payload of {name: bytes | int | float}."""
    entries = b''
    for name, value in sorted(features.items()):
        if isinstance(value, bytes):
            feature = _enc(1, _enc(1, value))
        elif isinstance(value, float):
            feature = _enc(2, _enc(1, struct.pack('<f', value)))
        else:
            feature = _enc(3, _enc(1, _enc_varint(value)))
        entries += _enc(1, _enc(1, name.encode()) + _enc(2, feature))
    return _enc(1, entries)


@dataclass
class Triplets:
    """frames uint8 [n, 3, height, width, 3] (before, middle, after), with where each came from."""

    frames: np.ndarray
    motion: np.ndarray
    source: list
    index: np.ndarray


def load_triplets(folder):
    """All triplets-*.tfrecord of a folder, in memory (200 kB each at 150 pixels)."""
    paths = sorted(glob.glob(os.path.join(folder, 'triplets-*.tfrecord')))
    if not paths:
        raise SystemExit(f'no triplets-*.tfrecord in {folder}: make them with `dataset triplets FOLDER -o {folder}`')
    frames, motion, source, index = [], [], [], []
    for path in paths:
        for payload in read_records(path):
            one = parse_example(payload)
            shape = (one['height'][0], one['width'][0], 3)
            frames.append(np.stack([np.frombuffer(one[f'frame{i}'][0], np.uint8).reshape(shape) for i in range(3)]))
            motion.append(one['motion'][0])
            source.append(one['source'][0].decode())
            index.append(one['index'][0])
    return Triplets(np.stack(frames), np.array(motion, np.float32), source, np.array(index))
