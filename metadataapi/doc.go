// Package metadataapi serves Hasura's metadata API, as far as it is about actions and their types, over a metadata
// directory: POST /v1/metadata with {"type", "args"}. Requests, answers and errors have Hasura's shapes, so that scripts
// go on working (https://hasura.io/docs/2.0/api-reference/metadata-api/).
//
// Commands: set_custom_types, create_action, update_action, drop_action, create_action_permission,
// drop_action_permission, export_metadata, reload_metadata, and bulk of these, which happens as a whole or not at all.
// A change is tried before the files are written, and taken back where it can't be served.
//
// Only the admin is let in.
package metadataapi
