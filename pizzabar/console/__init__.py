"""The pages that a server shows: HTML, style sheets and ES modules, served as they are."""
