"""What the station passes on: HL7 v2 over MLLP, FHIR R4; kept until it is received."""
