"""SageMaker images: names under which container images of one's own are kept, with versions and aliases."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import in_use, not_found, validation
from headgate.localcloud.sagemaker.listing import Order, cut, page, pick, select
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "image"
VERSION_KIND = "image-version"
_ORDER = Order({"IMAGE_NAME": "ImageName", "CREATION_TIME": "CreationTime"}, by="CREATION_TIME")
_VERSION_ORDER = Order({"VERSION": "Version", "CREATION_TIME": "CreationTime"}, by="CREATION_TIME")
_TOLD = ("VendorGuidance", "JobType", "MLFramework", "ProgrammingLang", "Processor", "Horovod", "ReleaseNotes")
_SUMMARY = ("ImageName", "ImageArn", "ImageStatus", "DisplayName", "Description", "CreationTime", "LastModifiedTime")
_VERSION_SUMMARY = (
    "ImageArn",
    "ImageVersionArn",
    "ImageVersionStatus",
    "Version",
    "CreationTime",
    "LastModifiedTime",
)


class Images:
    """The operations on images. The newest version is meant where none is named, as on SageMaker."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateImage": self.create,
            "DescribeImage": self.describe,
            "ListImages": self.list_all,
            "UpdateImage": self.update,
            "DeleteImage": self.delete,
            "CreateImageVersion": self.create_version,
            "DescribeImageVersion": self.describe_version,
            "ListImageVersions": self.list_versions,
            "UpdateImageVersion": self.update_version,
            "DeleteImageVersion": self.delete_version,
            "ListAliases": self.list_aliases,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        arn = caller.arn("sagemaker", f"image/{request['ImageName']}")
        now = self._clock.now()
        body = {
            **pick(request, "ImageName", "DisplayName", "Description", "RoleArn"),
            "ImageArn": arn,
            "ImageStatus": "CREATED",
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        try:
            self._documents.insert(_key(caller, request["ImageName"]), body)
        except DuplicateError as error:
            raise in_use(f"An image with the name {request['ImageName']} already exists") from error
        return {"ImageArn": arn}

    def describe(self, caller: Caller, request: Json) -> Json:
        return pick(self._image(caller, request), *_SUMMARY, "RoleArn")

    def list_all(self, caller: Caller, request: Json) -> Json:
        found = self._documents.list(KIND, account=caller.account, region=caller.region)
        chosen = select((body for _, body in found), request, name="ImageName")
        return page([pick(body, *_SUMMARY) for body in chosen], _ordered(request), _ORDER, "Images")

    def update(self, caller: Caller, request: Json) -> Json:
        image = self._image(caller, request)
        gone = set(request.get("DeleteProperties", ()))
        given = pick(request, "DisplayName", "Description", "RoleArn")
        kept = {member: value for member, value in image.items() if member not in gone}
        self._documents.put(
            _key(caller, request["ImageName"]), {**kept, **given, "LastModifiedTime": self._clock.now()}
        )
        return pick(image, "ImageArn")

    def delete(self, caller: Caller, request: Json) -> Json:
        with self._documents.transaction():
            self._image(caller, request)
            for version in self._versions(caller, request["ImageName"]):
                self._documents.delete(_version_key(caller, request["ImageName"], version["Version"]))
            self._documents.delete(_key(caller, request["ImageName"]))
        return {}

    def create_version(self, caller: Caller, request: Json) -> Json:
        name = request["ImageName"]
        with self._documents.transaction():
            image = self._image(caller, request)
            number = int(image.get("LastVersion", 0)) + 1
            now = self._clock.now()
            arn = caller.arn("sagemaker", f"image-version/{name}/{number}")
            body = {
                **pick(request, *_TOLD),
                "BaseImage": request["BaseImage"],
                "ContainerImage": request["BaseImage"],
                "ImageArn": image["ImageArn"],
                "ImageVersionArn": arn,
                "ImageVersionStatus": "CREATED",
                "Version": number,
                "Aliases": [],
                "CreationTime": now,
                "LastModifiedTime": now,
            }
            self._documents.insert(_version_key(caller, name, number), body)
            self._documents.put(_key(caller, name), {**image, "LastVersion": number, "LastModifiedTime": now})
            self._give_aliases(caller, name, number, request.get("Aliases", []))
        return {"ImageVersionArn": arn}

    def describe_version(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError (ResourceNotFound), which projects answer by taking one of SageMaker's own images."""
        return self._version(caller, request)

    def list_versions(self, caller: Caller, request: Json) -> Json:
        self._image(caller, request)
        chosen = select(self._versions(caller, request["ImageName"]), request, name="ImageVersionArn")
        summaries = [pick(body, *_VERSION_SUMMARY) for body in chosen]
        return page(summaries, _ordered(request), _VERSION_ORDER, "ImageVersions")

    def update_version(self, caller: Caller, request: Json) -> Json:
        name = request["ImageName"]
        with self._documents.transaction():
            version = self._version(caller, request)
            gone = set(request.get("AliasesToDelete", ()))
            left = [alias for alias in version["Aliases"] if alias not in gone]
            body = {**version, **pick(request, *_TOLD), "Aliases": left, "LastModifiedTime": self._clock.now()}
            self._documents.put(_version_key(caller, name, version["Version"]), body)
            self._give_aliases(caller, name, version["Version"], request.get("AliasesToAdd", []))
        return pick(version, "ImageVersionArn")

    def delete_version(self, caller: Caller, request: Json) -> Json:
        if "Version" not in request and "Alias" not in request:
            raise validation("one of Version and Alias has to be given")
        version = self._version(caller, request)
        self._documents.delete(_version_key(caller, request["ImageName"], version["Version"]))
        return {}

    def list_aliases(self, caller: Caller, request: Json) -> Json:
        self._image(caller, request)
        number, alias = request.get("Version"), request.get("Alias")
        found = [
            name
            for version in self._versions(caller, request["ImageName"])
            for name in version["Aliases"]
            if number in (None, version["Version"]) and alias in (None, name)
        ]
        return cut(sorted(found), request, "SageMakerImageVersionAliases")

    def _image(self, caller: Caller, request: Json) -> Json:
        found = self._documents.find(_key(caller, request["ImageName"]))
        if found is None:
            raise not_found(f"Image with the name {request['ImageName']} does not exist.")
        return found

    def _versions(self, caller: Caller, name: str) -> list[Json]:
        found = self._documents.list(VERSION_KIND, account=caller.account, region=caller.region, prefix=f"{name}/")
        return sorted((body for _, body in found), key=lambda body: int(body["Version"]))

    def _version(self, caller: Caller, request: Json) -> Json:
        self._image(caller, request)
        name, number, alias = request["ImageName"], request.get("Version"), request.get("Alias")
        fitting = [
            version
            for version in self._versions(caller, name)
            if number in (None, version["Version"]) and (alias is None or alias in version["Aliases"])
        ]
        if not fitting:
            asked = (
                f"version {number} " if number is not None else f"alias {alias} " if alias is not None else "version "
            )
            raise not_found(f"ImageVersion with {asked}does not exist for image {name}.")
        return fitting[-1]

    def _give_aliases(self, caller: Caller, name: str, number: int, aliases: list[str]) -> None:
        """An alias names one version: it moves."""
        for version in self._versions(caller, name):
            others = [alias for alias in version["Aliases"] if alias not in aliases]
            mine = [*others, *aliases] if version["Version"] == number else others
            if mine != version["Aliases"]:
                self._documents.put(_version_key(caller, name, version["Version"]), {**version, "Aliases": mine})


def _ordered(request: Json) -> Json:
    """The request with the order spelled as the other operations do."""
    return {**request, "SortOrder": str(request.get("SortOrder", "DESCENDING")).capitalize()}


def _key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, KIND, name)


def _version_key(caller: Caller, name: str, number: int) -> Key:
    return Key(caller.account, caller.region, VERSION_KIND, f"{name}/{number}")
