// Command confirm-verification serves POST /identities/{id}/verifications/{channel}/confirm of the Conomy API.
package main

import (
	"cedula/shared/boot/conomy"
	"cedula/shared/boot/tokenization"
)

func main() { conomy.StartOn(tokenization.NewRegistry, "confirm-verification") }
