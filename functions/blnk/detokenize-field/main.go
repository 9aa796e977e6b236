// Command detokenize-field serves GET /identities/{id}/detokenize/{field} of the Blnk API.
package main

import (
	"cedula/shared/boot/blnk"
	"cedula/shared/boot/tokenization"
)

func main() { blnk.StartOn(tokenization.NewRegistry, "detokenize-field") }
