"""In: what beds show. Out: HL7 v2 over MLLP and FHIR R4, kept until they are received."""
