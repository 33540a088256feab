"""HL7's minimal lower layer protocol: messages over TCP, each in a frame, each answered in turn."""
