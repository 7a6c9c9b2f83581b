import { Button, Group } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { ApiError } from "../../api/client";
import { metadataQuery, useSaveRelationship } from "../../api/queries";
import type { FieldFault, Metadata, ObjectType, Relationship } from "../../api/types";
import { Conflict } from "../../components/Conflict";
import { showError, showProgress } from "../../components/toasts";
import { emptyForm, formOf, relationshipOf, validate, type Form } from "./form";
import { PreviewPanel } from "./PreviewPanel";
import { RelationshipForm } from "./RelationshipForm";
import { usePreview } from "./usePreview";

interface Props {
  metadata: Metadata;
  type: ObjectType;
  edited?: Relationship; // absent: a new one
  onDone: () => void;
}

/** RelationshipEditor is the form, beside what saving it would change. */
export function RelationshipEditor({ metadata, type, edited, onDone }: Props) {
  const [form, setForm] = useState<Form>(edited ? formOf(edited) : emptyForm);
  const [asked, setAsked] = useState(false); // to save: only then an empty field is a fault
  const [refused, setRefused] = useState<FieldFault[]>([]);
  // A form is for the files as they were when it was opened. What changes them meanwhile is told, never overwritten.
  const [revision, setRevision] = useState(metadata.revision);
  const client = useQueryClient();
  const save = useSaveRelationship();
  const element = useRef<HTMLFormElement>(null);

  const replaces = edited && type.relationships.some((r) => r.name === edited.name) ? edited.name : undefined;
  const others = type.relationships.map((r) => r.name).filter((name) => name !== replaces);
  const own = validate(form, others);
  const relationship = own.length === 0 ? relationshipOf(form) : undefined;
  const preview = usePreview({ type: type.name, name: replaces, relationship, revision: metadata.revision });
  const shown = [
    ...(asked ? own : own.filter((f) => f.message.includes("already exists"))),
    ...refused,
    ...(preview.data?.faults ?? []),
  ];

  const change = (next: Form) => {
    setForm(next);
    setRefused([]);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (!relationship) {
      showError("Cannot create relationship", own[0]?.message);
      focusFault(element.current, own[0]);
      return;
    }
    const toast = showProgress("Saving relationship...");
    save.mutate(
      { type: type.name, name: replaces, relationship, revision },
      {
        onSuccess: () => {
          toast.succeed("Relationship saved successfully");
          onDone();
        },
        onError: (error) => {
          toast.fail("Saving relationship failed", error.message);
          if (error instanceof ApiError) setRefused(error.faults);
        },
      },
    );
  };
  const reload = async () => {
    save.reset();
    const now = await client.fetchQuery({ ...metadataQuery, staleTime: 0 });
    setRevision(now.revision);
  };
  const conflict = revision !== metadata.revision || (save.error instanceof ApiError && save.error.code === "conflict");
  return (
    <form ref={element} onSubmit={submit} noValidate aria-label={edited ? `Edit ${edited.name}` : "Add a relationship"}>
      {conflict && !save.isPending && !save.isSuccess && <Conflict onReload={() => void reload()} />}
      <div className="relationship-columns">
        <div>
          <RelationshipForm
            metadata={metadata}
            type={type}
            form={form}
            locked={edited !== undefined}
            faults={shown}
            onChange={change}
          />
          <Group mt="md" gap="xs">
            <Button type="submit" loading={save.isPending} data-test="save-relationship">
              Save
            </Button>
            <Button variant="default" onClick={onDone}>
              Cancel
            </Button>
          </Group>
        </div>
        <PreviewPanel
          preview={preview}
          type={type}
          name={replaces}
          relationship={relationship}
          roles={metadata.roles}
        />
      </div>
    </form>
  );
}

function focusFault(form: HTMLFormElement | null, fault: FieldFault | undefined) {
  form?.querySelector<HTMLElement>(`[data-field="${fault?.field}"]`)?.focus();
}
