import { Button, Group, Modal, Text } from "@mantine/core";
import { useRemoveRelationship } from "../../api/queries";
import type { Metadata, ObjectType, Relationship } from "../../api/types";
import { showError, showSuccess } from "../../components/toasts";
import { PreviewDetails } from "./PreviewPanel";
import { usePreview } from "./usePreview";

interface Props {
  metadata: Metadata;
  type: ObjectType;
  relationship?: Relationship; // absent: closed
  onClose: () => void;
}

export function RemoveDialog({ metadata, type, relationship, onClose }: Props) {
  return (
    <Modal
      opened={relationship !== undefined}
      onClose={onClose}
      title="Remove the relationship?"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {relationship && <Removal metadata={metadata} type={type} relationship={relationship} onClose={onClose} />}
    </Modal>
  );
}

function Removal({ metadata, type, relationship, onClose }: Required<Props>) {
  const request = { type: type.name, name: relationship.name, revision: metadata.revision };
  const preview = usePreview(request, true);
  const remove = useRemoveRelationship();
  const run = () =>
    remove.mutate(request, {
      onSuccess: () => {
        showSuccess("Relationship removed successfully");
        onClose();
      },
      onError: (error) => showError("Removing relationship failed", error.message),
    });
  return (
    <>
      <Text>
        This will remove the relationship "{relationship.name}" from type "{type.name}". This will affect all the
        actions that use the type "{type.name}"
      </Text>
      {preview.data && <PreviewDetails preview={preview.data} />}
      <Group mt="md" justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button color="red" onClick={run} loading={remove.isPending} data-test="confirm-remove">
          Remove
        </Button>
      </Group>
    </>
  );
}
