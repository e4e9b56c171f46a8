"""The AWS protocols over HTTP: small codecs over the call table, which know no table and no state machine."""
