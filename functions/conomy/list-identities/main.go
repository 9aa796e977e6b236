// Command list-identities serves GET /identities of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("list-identities") }
