// Command create-api-key serves POST /api-keys of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.StartKeys("create-api-key") }
