// Command list-parents serves GET /identities/parents/{id} of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("list-parents") }
