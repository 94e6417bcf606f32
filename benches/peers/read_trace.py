"""Reads a trace with Perfetto's own schema, and holds it against the rules of the format.

    python3 benches/peers/read_trace.py run.pftrace

Nothing may be in it that the schema does not know; slices of a track nest and are in order of time; an
arrow comes from the slice of a request. What is counted in each variant's group is printed as JSON.
"""

import functools
import json
import sys

from google.protobuf.unknown_fields import UnknownFieldSet
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema

Event = schema.TrackEvent


def all_known(message):
    """Fails if there is a field that the schema has no name for, here or below."""
    assert len(UnknownFieldSet(message)) == 0, message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for below in value if field.is_repeated else [value]:
            all_known(below)


class Trace:
    def __init__(self, packets):
        self.names = {}
        self.tracks = {}
        self.open = {}
        self.last = {}
        self.slices = []
        self.counts = {}
        self.instants = []
        for packet in packets:
            assert packet.trusted_packet_sequence_id > 0, "every packet is of a sequence"
            for name in packet.interned_data.event_names:
                assert name.iid not in self.names, "a name is given once"
                self.names[name.iid] = name.name
            if packet.HasField("track_descriptor"):
                self.declare(packet.track_descriptor)
            if packet.HasField("track_event"):
                assert packet.HasField("timestamp")
                self.happen(packet.timestamp, packet.track_event, packet.sequence_flags)
        # Arrows are joined by instants, wherever they stand in the file.
        first = {}
        for slice in self.slices:
            for flow in slice["flows"]:
                earliest = first.setdefault(flow, slice)
                if slice["from"] < earliest["from"]:
                    first[flow] = slice
        for slice in first.values():
            assert self.is_below(slice["track"], "requests"), f"an arrow comes from nowhere: {slice}"

    def declare(self, track):
        if track.uuid == 0:
            assert track.process_ordering == schema.TrackDescriptor.PROCESS_ORDERING_EXPLICIT
            return
        assert track.uuid not in self.tracks, track
        assert not track.parent_uuid or track.parent_uuid in self.tracks, track
        self.tracks[track.uuid] = track

    def happen(self, at, event, flags):
        track = event.track_uuid
        assert track in self.tracks, "a track is declared before something happens on it"
        is_counter = self.tracks[track].HasField("counter")
        assert is_counter == (event.type == Event.TYPE_COUNTER), event
        if event.name_iid:
            assert event.name_iid in self.names and flags & 2, event
        if event.type != Event.TYPE_INSTANT:
            assert at >= self.last.get(track, 0), f"{self.path(track)} goes back in time"
            self.last[track] = at
        stack = self.open.setdefault(track, [])
        if event.type == Event.TYPE_SLICE_BEGIN:
            slice = {
                "track": track,
                "name": self.names[event.name_iid],
                "from": at,
                "to": None,
                "depth": len(stack),
                "flows": list(event.flow_ids),
            }
            stack.append(slice)
            self.slices.append(slice)
        elif event.type == Event.TYPE_SLICE_END:
            assert stack, f"{self.path(track)}: an end without a beginning"
            stack.pop()["to"] = at
        elif event.type == Event.TYPE_COUNTER:
            self.counts[track] = self.counts.get(track, 0) + 1
        else:
            assert event.type == Event.TYPE_INSTANT, event
            notes = {note.name: note.string_value or note.uint_value for note in event.debug_annotations}
            self.instants.append((track, self.names[event.name_iid], notes))

    @functools.cache
    def path(self, track):
        """The names from the group down to the track."""
        descriptor = self.tracks[track]
        name = descriptor.process.process_name or descriptor.name
        return (*self.path(descriptor.parent_uuid), name) if descriptor.parent_uuid else (name,)

    def is_below(self, track, name):
        return name in self.path(track)[1:-1]

    def of_group(self, uuid):
        """What is counted in one variant."""
        name = self.tracks[uuid].process.process_name
        mine = [slice for slice in self.slices if self.path(slice["track"])[0] == name]
        below = lambda group: [slice for slice in mine if self.is_below(slice["track"], group)]
        is_turn = lambda slice: slice["name"].startswith("request ") or slice["name"] == "no request"
        turns = [slice for slice in below("workers") if is_turn(slice)]
        depth = lambda slice: len(self.path(slice["track"]))
        runs = [notes for track, what, notes in self.instants if what == "the run" and self.path(track)[0] == name]
        (run,) = runs
        counted = [count for track, count in self.counts.items() if self.path(track)[::2] == (name, "in system")]
        return {
            "requests": sum(slice["depth"] == 0 for slice in below("requests")),
            "turns": sum(depth(slice) == 3 for slice in turns),
            "turns_of_coroutines": sum(depth(slice) == 4 for slice in turns),
            "held_ns": sum(slice["to"] - slice["from"] for slice in below("cores")),
            "samples": counted[0] if counted else 0,
            "open": sum(slice["to"] is None for slice in mine),
            "run": run,
        }


def main(path):
    trace = schema.Trace()
    with open(path, "rb") as file:
        trace.ParseFromString(file.read())
    all_known(trace)
    read = Trace(trace.packet)
    groups = [uuid for uuid, track in read.tracks.items() if track.HasField("process")]
    print(json.dumps([read.of_group(uuid) for uuid in groups]))


main(sys.argv[1])
